-- Share of the corpus' windows in which a feature fires on a token: what precision is reckoned at. Null where a sample
-- did not count it.
ALTER TABLE sample ADD COLUMN firing_share REAL;
