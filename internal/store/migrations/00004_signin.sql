-- Sign-in: passwords of workers, and the sessions of those who signed in.

-- +goose Up

-- hash is in the form of the argon2 reference implementation, parameters and salt included.
CREATE TABLE signin_password (worker_sid TEXT PRIMARY KEY, hash TEXT NOT NULL, updated_at BIGINT NOT NULL);

-- ends_at is the latest end: the access tokens of a session live shorter and are refreshed.
CREATE TABLE signin_session (
    sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, workspace_sid TEXT NOT NULL, worker_sid TEXT NOT NULL,
    created_at BIGINT NOT NULL, ends_at BIGINT NOT NULL);
CREATE INDEX signin_session_end ON signin_session (ends_at);
CREATE INDEX signin_session_worker ON signin_session (worker_sid);

-- +goose Down
