-- From its call to its audio a segment is written anew in its place: no index has what changes then, and its page has
-- room for the newer version.

DROP INDEX segments_held;
ALTER TABLE segments SET (fillfactor = 70);
