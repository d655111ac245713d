-- Explanations among which one was chosen, by how well they predict the choose examples. `value` is no score: score
-- examples took no part, and never do in a choice.
CREATE TABLE candidate (
  explanation_id TEXT NOT NULL REFERENCES explanation,
  place INTEGER NOT NULL,
  revises INTEGER, -- the place of the candidate that it revises
  text TEXT,
  problem TEXT CHECK (problem IN ('callFailed', 'unreadable')),
  request_hash TEXT NOT NULL,
  chosen INTEGER NOT NULL CHECK (chosen IN (0, 1)),
  value REAL,
  undefined TEXT,
  n INTEGER NOT NULL,
  failed_calls INTEGER NOT NULL,
  unreadable_calls INTEGER NOT NULL,
  simulations TEXT NOT NULL, -- JSON: hashes of the requests that it was simulated with
  provenance_id TEXT REFERENCES provenance, -- of the simulation
  PRIMARY KEY (explanation_id, place),
  CHECK ((text IS NULL) = (problem IS NOT NULL)),
  CHECK ((value IS NULL) = (undefined IS NOT NULL))
) STRICT, WITHOUT ROWID;
