-- Sync: the plain documents of workers.

-- +goose Up

-- Each belongs to a worker, whose SID is owner. name is '' for a document without one; revision is its event number.
CREATE TABLE sync_document (
    id BIGKEY, owner TEXT NOT NULL, name TEXT NOT NULL, data TEXT NOT NULL, revision BIGINT NOT NULL, expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE UNIQUE INDEX sync_document_name ON sync_document (owner, name) WHERE name <> '';
CREATE INDEX sync_document_expiry ON sync_document (expires_at);

-- +goose Down
