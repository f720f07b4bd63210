"""What a lemma is: statement, claims with two sides, choices left free, the network it is asked about."""
