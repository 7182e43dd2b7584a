package rest

import (
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
