-- Proxy: services with their pools of addresses, sessions that join two participants, and what was said in them.

-- +goose Up

CREATE TABLE proxy_service (
    sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL REFERENCES account (sid), unique_name TEXT NOT NULL, chat_instance_sid TEXT UNIQUE,
    default_ttl BIGINT NOT NULL, callback_url TEXT, intercept_callback_url TEXT, out_of_session_callback_url TEXT,
    geo_match_level TEXT NOT NULL, number_selection_behavior TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
    UNIQUE (account_sid, unique_name));

-- An address belongs to one service of one account, for what is sent to it must find its way.
CREATE TABLE proxy_number (
    sid TEXT PRIMARY KEY, account_sid TEXT NOT NULL, service_sid TEXT NOT NULL REFERENCES proxy_service (sid), address TEXT NOT NULL UNIQUE,
    reserved BOOLEAN NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX proxy_number_service ON proxy_number (service_sid, created_at, sid);

-- expires_at is when the session ends by itself, 0 for never; timer_at is when its timer runs. seq numbers what it causes.
CREATE TABLE proxy_session (
    id BIGINT PRIMARY KEY, sid TEXT NOT NULL UNIQUE, account_sid TEXT NOT NULL, service_sid TEXT NOT NULL REFERENCES proxy_service (sid),
    unique_name TEXT, status TEXT NOT NULL, closed_reason TEXT NOT NULL, mode TEXT NOT NULL, ttl BIGINT NOT NULL, date_expiry BIGINT,
    started_at BIGINT, ended_at BIGINT, last_at BIGINT, expires_at BIGINT NOT NULL, timer_at BIGINT NOT NULL, seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, UNIQUE (service_sid, unique_name));
CREATE INDEX proxy_session_service ON proxy_session (service_sid, id);

-- open is true while neither the participant was removed nor its session closed: who writes to an address is then known by one row.
CREATE TABLE proxy_participant (
    id BIGINT PRIMARY KEY, sid TEXT NOT NULL UNIQUE, session_id BIGINT NOT NULL REFERENCES proxy_session (id), account_sid TEXT NOT NULL,
    identifier TEXT NOT NULL, friendly_name TEXT, proxy_identifier TEXT NOT NULL, proxy_identifier_sid TEXT, open BOOLEAN NOT NULL,
    deleted_at BIGINT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX proxy_participant_session ON proxy_participant (session_id, id);
CREATE UNIQUE INDEX proxy_participant_pair ON proxy_participant (account_sid, identifier, proxy_identifier) WHERE open;
CREATE INDEX proxy_participant_identifier ON proxy_participant (account_sid, identifier, id);
CREATE INDEX proxy_participant_proxy ON proxy_participant (account_sid, proxy_identifier) WHERE open;

CREATE TABLE proxy_interaction (
    id BIGINT PRIMARY KEY, sid TEXT NOT NULL UNIQUE, session_id BIGINT NOT NULL REFERENCES proxy_session (id), data TEXT NOT NULL,
    inbound_participant_sid TEXT, inbound_resource_sid TEXT, inbound_resource_status TEXT,
    outbound_participant_sid TEXT, outbound_resource_sid TEXT, outbound_resource_status TEXT,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE INDEX proxy_interaction_session ON proxy_interaction (session_id, id);
CREATE INDEX proxy_interaction_outbound ON proxy_interaction (outbound_participant_sid, id);

-- What transports handed in, so that the same message is not taken twice, and the order of what comes from one address to another.
CREATE TABLE proxy_receipt (
    account_sid TEXT NOT NULL, message_sid TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (account_sid, message_sid));
CREATE INDEX proxy_receipt_at ON proxy_receipt (at);
CREATE TABLE proxy_lane (
    account_sid TEXT NOT NULL, ours TEXT NOT NULL, theirs TEXT NOT NULL, seq BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (account_sid, ours, theirs));
CREATE INDEX proxy_lane_at ON proxy_lane (at);

-- +goose Down

DROP TABLE proxy_lane;
DROP TABLE proxy_receipt;
DROP TABLE proxy_interaction;
DROP TABLE proxy_participant;
DROP TABLE proxy_session;
DROP TABLE proxy_number;
DROP TABLE proxy_service;
