"""The set-up sheet: a page of codes whose scan tells how a scanner is set, and what to set at HQ for it."""
