-- Requests that wait at a provider in a batch. Outside the promise of equal bytes.

-- A row is written before anything of it is sent. `planned`: nothing is known to be sent; `uploaded`: its file is at
-- the provider; `submitted`: the provider works on it; `done`: every request of it has ended.
CREATE TABLE batch (
  shard TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'uploaded', 'submitted', 'done')),
  file_id TEXT,  -- the provider's names
  batch_id TEXT,
  requests INTEGER NOT NULL,
  created TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Requests of a batch that have not ended, each with what is set aside for it.
CREATE TABLE batch_request (
  shard TEXT NOT NULL REFERENCES batch,
  hash TEXT NOT NULL REFERENCES request,
  line INTEGER, -- of spending; null where none was needed
  worst REAL,   -- US dollars; null where the price is not known
  PRIMARY KEY (shard, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_request_by_line ON batch_request (line);
CREATE INDEX batch_request_by_hash ON batch_request (hash);
