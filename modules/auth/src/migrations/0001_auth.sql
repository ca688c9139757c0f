-- Who somebody is, what they may do, and what they did.

-- Counts the changes that every replica must take up: of accounts, of what was revoked, of keys.
CREATE TABLE auth_state (
    organization_id UUID NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);

CREATE TABLE auth_organization (
    organization_id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE auth_user (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    -- Lower case; one namespace, because whoever signs in does not name an organisation.
    username TEXT NOT NULL,
    email TEXT,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'responder', 'editor', 'admin')),
    active BOOLEAN NOT NULL,
    -- Argon2id in PHC form; NULL until a password is set through a one-time link.
    password_hash TEXT,
    password_set_at BIGINT,
    last_sign_in_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX auth_user_username ON auth_user (username);

CREATE UNIQUE INDEX auth_user_email ON auth_user (email);

CREATE INDEX auth_user_organization ON auth_user (organization_id, username);

CREATE TABLE auth_team (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX auth_team_name ON auth_team (organization_id, name);

CREATE TABLE auth_team_member (
    team_id UUID NOT NULL REFERENCES auth_team (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    organization_id UUID NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (team_id, user_id)
);

CREATE INDEX auth_team_member_user ON auth_team_member (user_id);

-- One-time links. The secret is 256 random bits, so its SHA-256 is all that is kept and all that is needed.
CREATE TABLE auth_link (
    hash BYTEA NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('first', 'invite', 'reset')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX auth_link_user ON auth_link (user_id);

-- Ed25519 keys that sign access tokens, for the whole installation. The private half is sealed with a key that is not in
-- this database.
CREATE TABLE auth_key (
    id UUID NOT NULL PRIMARY KEY,
    public BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL
);

-- A session is the family of refresh tokens that descend from one sign-in.
CREATE TABLE auth_session (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_because TEXT CHECK (ended_because IN ('signed-out', 'ended', 'revoked', 'password', 'inactive', 'reuse')),
    address TEXT,
    user_agent TEXT,
    second_factor BOOLEAN NOT NULL
);

CREATE INDEX auth_session_user ON auth_session (user_id, id);

CREATE INDEX auth_session_ended ON auth_session (ended_at);

CREATE TABLE auth_refresh (
    hash BYTEA NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    session_id UUID NOT NULL REFERENCES auth_session (id) ON DELETE CASCADE,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX auth_refresh_session ON auth_refresh (session_id);

CREATE INDEX auth_refresh_expires ON auth_refresh (expires_at);

-- Single access tokens that are refused before they expire.
CREATE TABLE auth_revoked (
    jti UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE auth_token (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash BYTEA NOT NULL,
    -- Permissions, separated by spaces.
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

CREATE UNIQUE INDEX auth_token_hash ON auth_token (hash);

CREATE INDEX auth_token_user ON auth_token (user_id, id);

-- When the allowance of an address or an account is whole again (generic cell rate algorithm).
CREATE TABLE auth_throttle (
    bucket TEXT NOT NULL PRIMARY KEY,
    whole_at BIGINT NOT NULL
);

CREATE INDEX auth_throttle_whole ON auth_throttle (whole_at);

-- Where an account has signed in from: attempts from elsewhere do not lock its owner out there.
CREATE TABLE auth_known_address (
    user_id UUID NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    organization_id UUID NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, address)
);

CREATE TABLE auth_totp (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES auth_user (id) ON DELETE CASCADE,
    organization_id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    -- The newest time step whose code was accepted: none is accepted twice.
    last_step BIGINT NOT NULL
);

CREATE TABLE auth_recovery (
    user_id UUID NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
    hash BYTEA NOT NULL,
    organization_id UUID NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, hash)
);

-- The change log: rows are added and never changed, each with the hash of the one before it.
CREATE TABLE auth_change (
    organization_id UUID NOT NULL,
    position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('person', 'token', 'system', 'file', 'console')),
    actor_id UUID,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    target TEXT NOT NULL,
    before TEXT,
    after TEXT,
    address TEXT,
    request_id TEXT,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (organization_id, position)
);

CREATE INDEX auth_change_target ON auth_change (organization_id, target_kind, target_id, position);

CREATE INDEX auth_change_actor ON auth_change (organization_id, actor_id, position);

-- Where the log ends. The seal is keyed with what is not in this database, so that the log cannot be shortened or written
-- anew by somebody who has only the database.
CREATE TABLE auth_log_head (
    organization_id UUID NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    seal BYTEA NOT NULL
);
