-- What scores' controls need, and what scores are recomputed from.

-- How easily resamples alone give a gain: (1 + resamples with a gain of 0 or less) / (1 + resamples).
ALTER TABLE control ADD COLUMN p REAL;
-- The name of the endpoints under which replies are stored: requests are named by it.
ALTER TABLE provenance ADD COLUMN endpoint TEXT;

-- How often each token occurs among a collection's eligible tokens; tokens that do not occur have no row.
CREATE TABLE token_count (
  set_id TEXT NOT NULL REFERENCES feature_set,
  token INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (set_id, token)
) STRICT, WITHOUT ROWID;
