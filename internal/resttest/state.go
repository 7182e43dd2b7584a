package resttest

import (
	"strings"

	"parley/internal/store"
)

// tables are those that requests may change, each with a column sum that moves with every change of a row: the clock stands at another
// second for each request, and counters only rise.
var tables = [...][2]string{
	{"account", "updated_at"}, {"api_key", "updated_at"}, {"chat_service", "updated_at"}, {"role", "updated_at"}, {"chat_user", "updated_at"},
	{"user_seq", "channels + info"}, {"presence", "node_id"}, {"channel", "updated_at"},
	{"channel_seq", "next_index + edits + doc + roster + horizons + hooks + removed + members"}, {"member", "updated_at + last_ev"},
	{"user_channel", "last_ev"}, {"invite", "updated_at"}, {"message", "updated_at + last_ev"}, {"message_edit", "ev"}, {"media", "updated_at"},
	{"channel_webhook", "updated_at"}, {"binding", "updated_at"}, {"flex_flow", "updated_at"}, {"flex_channel", "updated_at"},
	{"flex_target", "channel_id"}, {"flex_task", "task_id"}, {"flex_configuration", "updated_at"}, {"job", "attempt"},
	{"tr_workspace", "updated_at + rev"}, {"tr_activity", "updated_at"}, {"tr_task_channel", "updated_at"}, {"tr_queue", "updated_at"},
	{"tr_workflow", "updated_at"}, {"tr_worker", "updated_at + version"}, {"tr_worker_seq", "feed + assigned_at"},
	{"tr_worker_channel", "updated_at + capacity + held + assigned"}, {"tr_task", "updated_at + version + events"},
	{"tr_reservation", "updated_at + version"}, {"tr_transfer", "updated_at"}, {"tr_event", "at"}, {"tr_change", "entity_id"},
	{"studio_flow", "updated_at"}, {"studio_revision", "created_at"}, {"studio_execution", "updated_at + effect"}, {"studio_step", "number"},
	{"studio_warning", "code"},
	{"proxy_service", "updated_at"}, {"proxy_number", "updated_at"}, {"proxy_session", "updated_at + seq"}, {"proxy_participant", "updated_at"},
	{"proxy_interaction", "updated_at"}, {"proxy_receipt", "at"}, {"proxy_lane", "seq"},
	{"signin_password", "updated_at"}, {"signin_session", "ends_at"},
}

// tally is the number of rows and the column sum of a table.
type tally struct {
	table     string
	rows, sum int64
}

// State is a fingerprint of everything that is stored, table by table.
func (w *World) State() (all [len(tables)]tally) {
	w.Helper()
	parts := make([]string, len(tables))
	for i, t := range tables {
		parts[i] = "SELECT '" + t[0] + "', count(*), CAST(COALESCE(SUM(" + t[1] + "), 0) AS BIGINT) FROM " + t[0]
	}
	err := w.Store.View(w.Context(), func(r *store.Reader) error {
		i := 0
		return r.Query(strings.Join(parts, " UNION ALL "), nil, func(scan func(...any) error) error {
			t := &all[i]
			i++
			return scan(&t.table, &t.rows, &t.sum)
		})
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}
