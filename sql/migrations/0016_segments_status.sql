-- As 0014.

ALTER TABLE segments DROP CONSTRAINT segments_status_check;
