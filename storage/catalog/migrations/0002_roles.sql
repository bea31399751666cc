-- Roles, memberships, owners and grants. The tables are the gate's: users write them
-- through CREATE ROLE, GRANT and their like, and read the views.
CREATE TABLE eider.role_store (
    role             VARCHAR PRIMARY KEY,
    can_login        BOOLEAN NOT NULL,
    superuser        BOOLEAN NOT NULL,
    read_only        BOOLEAN NOT NULL,
    connection_limit INTEGER NOT NULL,
    valid_until      TIMESTAMPTZ,
    verifier         VARCHAR,
    created_at       TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE eider.role_store IS 'The roles, with their password verifiers; read eider.roles instead.';
COMMENT ON COLUMN eider.role_store.verifier IS 'SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey; NULL without a password.';

CREATE TABLE eider.role_setting_store (
    role    VARCHAR NOT NULL,
    name    VARCHAR NOT NULL,
    setting VARCHAR NOT NULL,
    PRIMARY KEY (role, name)
);
COMMENT ON TABLE eider.role_setting_store IS 'What ALTER ROLE … SET keeps for a role''s next sessions.';

CREATE TABLE eider.role_member_store (
    role    VARCHAR NOT NULL,
    member  VARCHAR NOT NULL,
    grantor VARCHAR NOT NULL,
    admin   BOOLEAN NOT NULL,
    PRIMARY KEY (role, member)
);
COMMENT ON TABLE eider.role_member_store IS 'Which role is a member of which.';

-- object is '' where the schema itself or the database is meant; kind is table, sequence,
-- schema, database or model. default_for is '' for a grant in force, or the role whose future
-- tables in the schema are meant (ALTER DEFAULT PRIVILEGES; '' as schema: in all of them).
CREATE TABLE eider.grant_store (
    grantee     VARCHAR NOT NULL,
    kind        VARCHAR NOT NULL,
    schema_name VARCHAR NOT NULL,
    object      VARCHAR NOT NULL,
    privilege   VARCHAR NOT NULL,
    default_for VARCHAR NOT NULL,
    grantor     VARCHAR NOT NULL,
    grantable   BOOLEAN NOT NULL,
    PRIMARY KEY (grantee, kind, schema_name, object, privilege, default_for)
);
COMMENT ON TABLE eider.grant_store IS 'The privileges that were granted; read eider.grants instead.';

-- What a superuser creates has no row here.
CREATE TABLE eider.owner_store (
    kind        VARCHAR NOT NULL,
    schema_name VARCHAR NOT NULL,
    object      VARCHAR NOT NULL,
    owner       VARCHAR NOT NULL,
    PRIMARY KEY (kind, schema_name, object)
);
COMMENT ON TABLE eider.owner_store IS 'The owners of what ordinary roles created.';

INSERT INTO eider.grant_store (grantee, kind, schema_name, object, privilege, default_for, grantor, grantable) VALUES
    ('public', 'database', '', '', 'CONNECT', '', '', false),
    ('public', 'database', '', '', 'TEMPORARY', '', '', false),
    ('public', 'schema', 'main', '', 'USAGE', '', '', false);

CREATE VIEW eider.roles AS
SELECT r.role, r.can_login, r.superuser, r.read_only, r.connection_limit, r.valid_until,
       r.verifier IS NOT NULL AS has_password,
       coalesce((SELECT list(m.role ORDER BY m.role) FROM eider.role_member_store m WHERE m.member = r.role), []) AS member_of,
       coalesce((SELECT list(s.name || '=' || s.setting ORDER BY s.name) FROM eider.role_setting_store s WHERE s.role = r.role), []) AS settings,
       r.created_at
FROM eider.role_store r;
COMMENT ON VIEW eider.roles IS 'The roles.';
COMMENT ON COLUMN eider.roles.role IS 'Name of the role.';
COMMENT ON COLUMN eider.roles.can_login IS 'Whether it can open a session.';
COMMENT ON COLUMN eider.roles.superuser IS 'Whether it may do everything.';
COMMENT ON COLUMN eider.roles.read_only IS 'Whether it is refused every write, whatever is granted.';
COMMENT ON COLUMN eider.roles.connection_limit IS 'How many sessions it may have at a time; -1 is no limit.';
COMMENT ON COLUMN eider.roles.valid_until IS 'When its password stops working; NULL is never.';
COMMENT ON COLUMN eider.roles.has_password IS 'Whether it has a password. The password itself is stored as a verifier that no view shows.';
COMMENT ON COLUMN eider.roles.member_of IS 'The roles that it is a member of, whose privileges it has too.';
COMMENT ON COLUMN eider.roles.settings IS 'The settings that its sessions start with, as name=value.';
COMMENT ON COLUMN eider.roles.created_at IS 'When it was created.';

CREATE VIEW eider.grants AS
SELECT grantee, kind AS object_type, nullif(schema_name, '') AS schema_name, nullif(object, '') AS object_name,
       privilege, nullif(default_for, '') AS default_for, nullif(grantor, '') AS grantor, grantable
FROM eider.grant_store
WHERE eider_has_role(current_connection_id(), grantee) OR eider_has_role(current_connection_id(), grantor);
COMMENT ON VIEW eider.grants IS 'The privileges that roles were granted: all for a superuser, for others those that concern them.';
COMMENT ON COLUMN eider.grants.grantee IS 'The role that has the privilege; public is everybody.';
COMMENT ON COLUMN eider.grants.object_type IS 'table (a view is one too), sequence, schema, database or model.';
COMMENT ON COLUMN eider.grants.schema_name IS 'Schema of the object; for a table privilege on a schema, the schema whose tables are all meant.';
COMMENT ON COLUMN eider.grants.object_name IS 'Name of the object; NULL where a whole schema or the database is meant.';
COMMENT ON COLUMN eider.grants.privilege IS 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, USAGE, CREATE, CONNECT, TEMPORARY, PREDICT, TRAIN or DEPLOY.';
COMMENT ON COLUMN eider.grants.default_for IS 'Set by ALTER DEFAULT PRIVILEGES: the privilege comes with every new table of this role.';
COMMENT ON COLUMN eider.grants.grantor IS 'The role that granted it; NULL for what every database starts with.';
COMMENT ON COLUMN eider.grants.grantable IS 'Whether the role may grant it to others.';
