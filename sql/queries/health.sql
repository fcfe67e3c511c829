-- Is the database there, with our schema?
-- name: health_check :read
SELECT count(*) FROM schema_migrations
