"""Steps of set-up and release: other people's web assets by npm, and the words of the pages."""
