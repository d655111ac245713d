-- What people said of features. The log is append-only: undo appends the inverse, and copies of a study merge by adding
-- the events that one has and the other lacks.

CREATE TABLE rating_session (
  name TEXT PRIMARY KEY,
  rubric TEXT NOT NULL,   -- the rubric's file, as it was when the session was drawn
  manifest TEXT NOT NULL, -- JSON: what is asked, in what order, with all that raters see; frozen
  hash TEXT NOT NULL,     -- of the manifest: equal in all copies
  created TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rating_event (
  id TEXT PRIMARY KEY, -- unique over all copies
  session TEXT NOT NULL REFERENCES rating_session,
  rater TEXT NOT NULL,
  item TEXT NOT NULL,
  kind TEXT NOT NULL
    CHECK (kind IN ('set', 'clear', 'submit', 'skip', 'flag', 'comment', 'undo', 'redo', 'reveal')),
  payload TEXT NOT NULL, -- JSON: seq, field, part, old, new, edit, elapsedMs
  created TEXT NOT NULL
) STRICT;
CREATE INDEX rating_event_by_rater ON rating_event (session, rater);

CREATE TRIGGER rating_event_stays BEFORE UPDATE ON rating_event
BEGIN SELECT RAISE (ABORT, 'rating events are never changed'); END;
CREATE TRIGGER rating_event_remains BEFORE DELETE ON rating_event
BEGIN SELECT RAISE (ABORT, 'rating events are never removed'); END;
CREATE TRIGGER rating_session_stays BEFORE UPDATE ON rating_session
BEGIN SELECT RAISE (ABORT, 'rating sessions are never changed'); END;
