package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

const product = "taskrouter"

// Routes mounts the resources.
func Routes(rt *httpapi.Router, tr *taskrouter.TaskRouter) {
	h := handlers{tr}
	h.workspaceRoutes(rt)
	h.workerRoutes(rt)
	h.historyRoutes(rt)
	h.taskRoutes(rt)
	h.whyRoutes(rt)
}

type handlers struct{ tr *taskrouter.TaskRouter }

// forWorkers admits the workers of a workspace beside servers: the desktop's Queues view reads lists by REST (flex-ui-protocol §5.2).
func (h handlers) forWorkers(serve httpapi.Handler) httpapi.Handler {
	return func(r *httpapi.Request) (httpapi.Response, error) {
		by := r.Caller.Token
		if by == nil {
			return serve(r)
		}
		if by.WorkerSID == "" || by.WorkspaceSID != r.Path("WorkspaceSid") {
			return httpapi.Response{}, core.Ef(core.CodeForbidden, "The token is not of a worker of this workspace")
		}
		_, err := h.tr.FetchWorker(r.Context(), by.AccountSID, by.WorkspaceSID, by.WorkerSID)
		if core.HasCode(err, core.CodeNotFound) {
			return httpapi.Response{}, core.Ef(core.CodeAuthenticate, "The worker of this token does not exist any more")
		}
		if err != nil {
			return httpapi.Response{}, err
		}
		return serve(r)
	}
}
