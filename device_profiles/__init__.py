"""Device models as data: one TOML file per hardware model."""
