-- One row for each organisation: its lock against concurrent changes, and the number of the newest state.
CREATE TABLE catalog_state (
    organization_id UUID NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);

-- A service as its facts make it. Lists are JSON: they are read and written with their service, never searched.
CREATE TABLE catalog_service (
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    owner TEXT,
    tier TEXT NOT NULL CHECK (tier IN ('critical', 'high', 'standard', 'low')),
    links TEXT NOT NULL,
    endpoints TEXT NOT NULL,
    dependencies TEXT NOT NULL,
    dependency_sources TEXT NOT NULL,
    managed_by TEXT NOT NULL CHECK (managed_by IN ('file', 'api', 'import')),
    source TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, environment, name)
);

-- Every value every source gives. `imported_into` is the environment the file was imported into, which together with its
-- path is the file's identity; `environment` is where the service runs.
CREATE TABLE catalog_fact (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    service TEXT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    source_kind TEXT NOT NULL CHECK (source_kind IN (
        'person', 'mainstay', 'backstage', 'registry', 'monitor-toml', 'service-yaml', 'compose', 'kubernetes',
        'prometheus', 'slos'
    )),
    imported_into TEXT NOT NULL,
    source_file TEXT,
    source_line BIGINT,
    source_version TEXT,
    superseded BOOLEAN NOT NULL,
    position BIGINT NOT NULL
);
CREATE INDEX catalog_fact_service ON catalog_fact (organization_id, environment, service, position);
CREATE INDEX catalog_fact_file ON catalog_fact (organization_id, imported_into, source_file);

-- Every file that was imported. `digest` tells whether it would say the same again.
CREATE TABLE catalog_file (
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    managed_by TEXT NOT NULL CHECK (managed_by IN ('file', 'import')),
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, environment, path)
);

-- Objects of other modules that stand in the files.
CREATE TABLE catalog_declaration (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    source_kind TEXT NOT NULL,
    imported_into TEXT NOT NULL,
    source_file TEXT,
    source_line BIGINT,
    source_version TEXT
);
CREATE INDEX catalog_declaration_name ON catalog_declaration (organization_id, kind, environment, name);
CREATE INDEX catalog_declaration_file ON catalog_declaration (organization_id, imported_into, source_file);

-- Which name in a file means which service.
CREATE TABLE catalog_alias (
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    name TEXT NOT NULL,
    service TEXT NOT NULL,
    PRIMARY KEY (organization_id, environment, name)
);

-- Findings a person has seen and lives with.
CREATE TABLE catalog_accepted_finding (
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    finding_id TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, environment, finding_id)
);

-- Imports with their reports, dry runs included.
CREATE TABLE catalog_import (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    imported_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    dry_run BOOLEAN NOT NULL,
    files BIGINT NOT NULL,
    services BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    warnings BIGINT NOT NULL,
    infos BIGINT NOT NULL,
    report TEXT NOT NULL
);
CREATE INDEX catalog_import_newest ON catalog_import (organization_id, environment, id);

-- What people changed, and what it was before.
CREATE TABLE catalog_edit (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    environment TEXT NOT NULL,
    service TEXT NOT NULL,
    edited_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('created', 'changed', 'deleted')),
    before TEXT,
    after TEXT
);
CREATE INDEX catalog_edit_service ON catalog_edit (organization_id, environment, service, id);
