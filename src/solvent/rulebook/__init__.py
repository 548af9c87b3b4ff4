"""What the rules are: one TOML document per venue and date, declared in `schema`, compiled into terms."""
