package role

import (
	"context"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// addMember makes member a member of role.
func addMember(ctx context.Context, s Session, role, member string, admin bool) error {
	loop := role == member
	if !loop {
		var err error
		loop, err = some(ctx, s, `WITH RECURSIVE up(r) AS (SELECT $1::VARCHAR UNION SELECT m.role FROM eider.role_member_store m JOIN up ON m.member = up.r)
			SELECT 1 FROM up WHERE r = $2`, role, member)
		if err != nil {
			return err
		}
	}
	if loop {
		return sqlstate.Newf(sqlstate.InvalidGrantOperation, "role %q is a member of role %q", role, member)
	}
	return run(ctx, s, []any{role, member, s.User(), admin}, `INSERT INTO eider.role_member_store VALUES ($1, $2, $3, $4)
		ON CONFLICT DO UPDATE SET admin = role_member_store.admin OR excluded.admin`)
}

// mayAdmin fails unless the session may hand out membership in a role.
func mayAdmin(ctx context.Context, s Session, role string) error {
	if s.IsSuperuser() {
		return nil
	}
	ok, err := some(ctx, s, `WITH RECURSIVE me(r) AS (SELECT $1::VARCHAR UNION SELECT m.role FROM eider.role_member_store m JOIN me ON m.member = me.r)
		SELECT 1 FROM eider.role_member_store m JOIN me ON m.member = me.r WHERE m.role = $2 AND m.admin`, s.User(), role)
	if err == nil && !ok {
		err = sqlstate.Newf(sqlstate.InsufficientPrivilege, "must have admin option on role %q", role)
	}
	return err
}
