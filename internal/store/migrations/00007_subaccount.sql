-- Accounts that belong to another one; '' for those that stand alone.

-- +goose Up

ALTER TABLE account ADD COLUMN owner_sid TEXT NOT NULL DEFAULT '';
CREATE INDEX account_owner ON account (owner_sid, sid);

-- +goose Down

DROP INDEX account_owner;
ALTER TABLE account DROP COLUMN owner_sid;
