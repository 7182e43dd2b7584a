-- Webhook calls that did not succeed at once; the dead letters among them have a job of the same number.

-- +goose Up

CREATE TABLE webhook_failure (
    id BIGKEY, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL, event TEXT NOT NULL, target TEXT NOT NULL, method TEXT NOT NULL,
    state TEXT NOT NULL, failures BIGINT NOT NULL, status BIGINT NOT NULL, error TEXT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX webhook_failure_account ON webhook_failure (account_sid, id);
CREATE INDEX webhook_failure_dead ON webhook_failure (account_sid, id) WHERE state = 'dead';
CREATE INDEX webhook_failure_old ON webhook_failure (updated_at);

-- +goose Down
