"""What a command leaves behind: reports of recoveries and lemmas, for machines and for readers."""
