-- What the push services know an account's apps by.

-- +goose Up

CREATE TABLE push_credential (
    sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL REFERENCES account (sid), friendly_name TEXT NOT NULL, type TEXT NOT NULL,
    sandbox BOOLEAN NOT NULL, certificate TEXT NOT NULL, private_key TEXT NOT NULL, secret TEXT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX push_credential_account ON push_credential (account_sid, sid);

-- +goose Down

DROP TABLE push_credential;
