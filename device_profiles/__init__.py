"""Descriptions of hardware models: one TOML file each, `<class>/<model>.toml`, read by `catalogue`."""
