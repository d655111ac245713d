-- What a study holds. Ids come from content (16 hexadecimal digits) or from the order of the plan, never from the
-- order in which things arrived. JSON columns are checked where they are read.

-- Everything that decides a row's content. The id is the hash of the other columns.
CREATE TABLE provenance (
  id TEXT PRIMARY KEY,
  version TEXT NOT NULL,
  seed INTEGER,
  model TEXT,
  weights_hash TEXT,
  tokenizer_hash TEXT,
  corpus_hash TEXT,
  set_id TEXT,
  set_hash TEXT,
  protocol TEXT,
  protocol_hash TEXT,
  prompt TEXT,
  prompt_hash TEXT,
  llm TEXT
) STRICT;

-- What commands without flags are about: the feature set, protocol and explainer that were last worked with.
CREATE TABLE study (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- One row a verb: how far it has come and how long it took. Outside the promise of equal bytes.
CREATE TABLE stage (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('running', 'stopped', 'done')),
  done INTEGER NOT NULL,
  total INTEGER NOT NULL,
  seconds REAL NOT NULL
) STRICT;

-- The bytes that each token id stands for.
CREATE TABLE vocabulary (
  tokenizer_hash TEXT NOT NULL,
  id INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (tokenizer_hash, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
  corpus_hash TEXT NOT NULL,
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  register TEXT,
  tokens INTEGER NOT NULL,
  PRIMARY KEY (corpus_hash, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE feature_set (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('sae', 'neurons', 'random', 'imported')),
  hook TEXT NOT NULL,
  architecture TEXT NOT NULL,
  features INTEGER NOT NULL,
  d_in INTEGER NOT NULL,
  folder TEXT NOT NULL,
  metrics TEXT NOT NULL, -- JSON: loss, l0, fvu, dead share, cross entropies
  provenance_id TEXT NOT NULL REFERENCES provenance
) STRICT;

-- One pass of a corpus through model and feature set. `eligible`: tokens that count (no begin, end or padding token,
-- none at position 0); densities are shares of these.
CREATE TABLE collection (
  set_id TEXT PRIMARY KEY REFERENCES feature_set,
  corpus_hash TEXT NOT NULL,
  tokenizer_hash TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  eligible INTEGER NOT NULL,
  documents INTEGER NOT NULL,
  contexts INTEGER NOT NULL,
  context_length INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  provenance_id TEXT NOT NULL REFERENCES provenance
) STRICT;

CREATE TABLE feature (
  set_id TEXT NOT NULL REFERENCES feature_set,
  id INTEGER NOT NULL,
  density REAL NOT NULL,
  max REAL NOT NULL,
  firings INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('alive', 'dead', 'tooRare')),
  token_share REAL,
  single_token INTEGER CHECK (single_token IN (0, 1)),
  histogram TEXT NOT NULL, -- JSON: counts in bins of equal width over (0, max]
  logits TEXT,             -- JSON: {"top": [[token, value] …], "bottom": […]}; null without a direct path
  PRIMARY KEY (set_id, id)
) STRICT, WITHOUT ROWID;

-- Which features have been sampled for a protocol, also those that got no examples.
CREATE TABLE sample (
  set_id TEXT NOT NULL,
  feature_id INTEGER NOT NULL,
  protocol TEXT NOT NULL,
  provenance_id TEXT NOT NULL REFERENCES provenance,
  PRIMARY KEY (set_id, feature_id, protocol),
  FOREIGN KEY (set_id, feature_id) REFERENCES feature
) STRICT, WITHOUT ROWID;

CREATE TABLE example (
  id INTEGER PRIMARY KEY,
  set_id TEXT NOT NULL,
  feature_id INTEGER NOT NULL,
  protocol TEXT NOT NULL,
  use TEXT NOT NULL CHECK (use IN ('explain', 'score', 'choose')),
  slice TEXT NOT NULL,
  document INTEGER NOT NULL,
  context INTEGER NOT NULL,
  position INTEGER NOT NULL, -- of the nominal token in its context
  nominal INTEGER NOT NULL,  -- index of the nominal token in the window
  silent INTEGER NOT NULL CHECK (silent IN (0, 1)),
  tokens TEXT NOT NULL,      -- JSON: token ids
  activations TEXT NOT NULL, -- JSON: raw activations
  FOREIGN KEY (set_id, feature_id, protocol) REFERENCES sample
) STRICT;
CREATE INDEX example_by_feature ON example (set_id, feature_id, protocol, use);

-- `response` is null while a request has no reply; `error` then says why, with nothing of a key in it.
CREATE TABLE request (
  hash TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  body BLOB NOT NULL,     -- gzip of the JSON body
  response BLOB,          -- gzip of the JSON response
  status INTEGER,
  error TEXT,
  usage TEXT,             -- JSON: prompt, cached, completion and reasoning tokens, null where unknown
  latency_ms REAL,
  attempts INTEGER NOT NULL,
  created TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- `text` is null where no explanation could be read: `problem` says whether the call failed or its reply was unreadable.
CREATE TABLE explanation (
  id TEXT PRIMARY KEY,
  set_id TEXT NOT NULL,
  feature_id INTEGER NOT NULL,
  explainer TEXT NOT NULL,
  llm TEXT,
  text TEXT,
  problem TEXT CHECK (problem IN ('callFailed', 'unreadable')),
  request_hash TEXT REFERENCES request,
  created TEXT NOT NULL,
  provenance_id TEXT NOT NULL REFERENCES provenance,
  FOREIGN KEY (set_id, feature_id) REFERENCES feature,
  CHECK ((text IS NULL) = (problem IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX explanation_by_feature ON explanation (set_id, feature_id);

-- `failed_calls`: calls for this score that ended without a reply, `failed_control_calls` those for its controls;
-- `unreadable_calls`: replies in which an answer was missing.
CREATE TABLE score (
  id TEXT PRIMARY KEY,
  explanation_id TEXT NOT NULL REFERENCES explanation,
  scorer TEXT NOT NULL,
  protocol TEXT NOT NULL,
  tier TEXT NOT NULL CHECK (tier IN ('promptLogprobs', 'chatLogprobs', 'integersDense', 'integersSparse', 'table')),
  value REAL,
  low REAL,
  high REAL,
  n INTEGER NOT NULL,
  undefined TEXT,
  flag TEXT,
  ceiling REAL,           -- the same statistic of the quantized truth
  coverage TEXT NOT NULL, -- JSON: answered and drawn examples by slice
  failed_calls INTEGER NOT NULL,
  failed_control_calls INTEGER NOT NULL,
  unreadable_calls INTEGER NOT NULL,
  provenance_id TEXT NOT NULL REFERENCES provenance,
  CHECK ((value IS NULL) = (undefined IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX score_by_explanation ON score (explanation_id);

CREATE TABLE control (
  score_id TEXT NOT NULL REFERENCES score,
  name TEXT NOT NULL,
  value REAL,
  gain REAL,
  gain_low REAL,
  gain_high REAL,
  partner INTEGER, -- shuffled: the feature whose explanation was used
  PRIMARY KEY (score_id, name)
) STRICT, WITHOUT ROWID;
