"""Scales: what their bytes mean, when a weight may be sold by, and what shows that a scale is not well."""
