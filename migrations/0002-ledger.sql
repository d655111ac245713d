-- What LLM calls cost, and what is known of endpoints.

ALTER TABLE request ADD COLUMN stage TEXT;      -- the verb that asked first
ALTER TABLE request ADD COLUMN request_id TEXT; -- the server's own name for it
ALTER TABLE request ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0; -- asked again because the reply could not be read

-- One row for each request that was sent and may have been billed, in the order of sending; outside the promise of
-- equal bytes. `reserved`: sent, its outcome not yet known; where a process ended before it was, it counts as `lost`.
-- `lost`: no reply came, yet the server may have billed it; the worst case counts. `spent`: a reply came.
CREATE TABLE spending (
  id INTEGER PRIMARY KEY,
  request_hash TEXT NOT NULL,
  stage TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reserved', 'lost', 'spent')),
  usd REAL,      -- null where the price or the usage is not known
  price_id TEXT, -- the entry of the price list
  prompt_tokens INTEGER,
  cached_tokens INTEGER,
  completion_tokens INTEGER,
  reasoning_tokens INTEGER,
  created TEXT NOT NULL
) STRICT;

-- What a server can do and how much it takes, by base URL and model. Outside the promise of equal bytes.
CREATE TABLE endpoint (
  base_url TEXT NOT NULL,
  model TEXT NOT NULL,
  server TEXT,       -- kind and version, where the server says them
  capabilities TEXT, -- JSON; null before gloss doctor has asked
  limits TEXT,       -- JSON: window, requests and tokens a minute, median latency; null before a run
  updated TEXT NOT NULL,
  PRIMARY KEY (base_url, model)
) STRICT, WITHOUT ROWID;
