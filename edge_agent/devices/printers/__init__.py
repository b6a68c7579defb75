"""Receipt printers: what they say of themselves, what is wrong with them, how a job gets on paper or does not."""
