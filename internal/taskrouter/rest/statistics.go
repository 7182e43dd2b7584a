package rest

import (
	"maps"
	"math"
	"strconv"
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

func (h handlers) statisticsRoutes(rt *httpapi.Router) {
	const ws = "/v1/Workspaces/{WorkspaceSid}"
	for name, part := range map[string]taskrouter.Part{
		"RealTimeStatistics": taskrouter.RealTime, "CumulativeStatistics": taskrouter.Cumulative,
		"Statistics": taskrouter.RealTime | taskrouter.Cumulative,
	} {
		get := func(path string, count counter) {
			rt.Handle(product, "GET "+ws+path+name, httpapi.Account, h.statistics(part, count))
		}
		get("/", h.countWorkspace)
		get("/Workflows/{Sid}/", h.countWorkflow)
		get("/TaskQueues/{Sid}/", h.countQueue)
		get("/Workers/", h.countWorkers)
	}
	rt.Handle(product, "GET "+ws+"/Workers/{WorkerSid}/Statistics", httpapi.Account, h.statistics(taskrouter.Cumulative, h.countWorker))
	rt.Handle(product, "GET "+ws+"/TaskQueues/Statistics", httpapi.Account, h.listQueueStatistics)
	rt.Handle(product, "POST "+ws+"/TaskQueues/RealTimeStatistics", httpapi.Account, h.bulkQueueStatistics)
}

// counter asks for the statistics of one thing, whose name is in the path.
type counter func(r *httpapi.Request, account, workspace string, f taskrouter.StatisticsFilter) (*taskrouter.Statistics, error)

func (h handlers) countWorkspace(r *httpapi.Request, account, workspace string, f taskrouter.StatisticsFilter) (*taskrouter.Statistics, error) {
	return h.tr.WorkspaceStatistics(r.Context(), account, workspace, f)
}

func (h handlers) countWorkflow(r *httpapi.Request, account, workspace string, f taskrouter.StatisticsFilter) (*taskrouter.Statistics, error) {
	return h.tr.WorkflowStatistics(r.Context(), account, workspace, r.Path("Sid"), f)
}

func (h handlers) countQueue(r *httpapi.Request, account, workspace string, f taskrouter.StatisticsFilter) (*taskrouter.Statistics, error) {
	return h.tr.QueueStatistics(r.Context(), account, workspace, r.Path("Sid"), f)
}

// countWorkers takes filters where both parts are asked for (taskrouter-studio A.13).
func (h handlers) countWorkers(r *httpapi.Request, account, workspace string, f taskrouter.StatisticsFilter) (*taskrouter.Statistics, error) {
	var w taskrouter.WorkerFilter
	if f.Part == taskrouter.RealTime|taskrouter.Cumulative {
		w.FriendlyName, w.TaskQueueSID, w.TaskQueueName = r.Text("FriendlyName"), r.Text("TaskQueueSid"), r.Text("TaskQueueName")
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return h.tr.WorkersStatistics(r.Context(), account, workspace, w, f)
}

func (h handlers) countWorker(r *httpapi.Request, account, workspace string, f taskrouter.StatisticsFilter) (*taskrouter.Statistics, error) {
	return h.tr.WorkerStatistics(r.Context(), account, workspace, r.Path("WorkerSid"), f)
}

// statistics answers with one part flat, or with both side by side. Those of a worker are the second part alone, and yet not flat.
func (h handlers) statistics(part taskrouter.Part, count counter) httpapi.Handler {
	return func(r *httpapi.Request) (httpapi.Response, error) {
		f := readStatistics(r, part)
		if err := r.Err(); err != nil {
			return httpapi.Response{}, err
		}
		s, err := count(r, r.Caller.AccountSID, r.Path("WorkspaceSid"), f)
		if err != nil {
			return httpapi.Response{}, err
		}
		out := about(s)
		out["url"] = r.Base.URL(product, r.URL.EscapedPath())
		switch {
		case s.Worker != nil:
			out["cumulative"] = past(s)
		case part == taskrouter.RealTime:
			maps.Copy(out, h.now(s))
		case part == taskrouter.Cumulative:
			maps.Copy(out, past(s))
		default:
			out["realtime"], out["cumulative"] = h.now(s), past(s)
		}
		return httpapi.OK(out)
	}
}

// listQueueStatistics answers for all queues, page by page; its items have no URL.
func (h handlers) listQueueStatistics(r *httpapi.Request) (httpapi.Response, error) {
	page, name, f := r.Page(), r.Text("FriendlyName"), readStatistics(r, taskrouter.RealTime|taskrouter.Cumulative)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListQueueStatistics(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), name, page.After(), page.Size+1, f)
	if err != nil {
		return httpapi.Response{}, err
	}
	sid := func(s *taskrouter.Statistics) string { return s.Queue.SID }
	show := func(_ *httpapi.Request, s *taskrouter.Statistics) fields {
		out := about(s)
		out["realtime"], out["cumulative"] = h.now(s), past(s)
		return out
	}
	return httpapi.ListRows(r, product, "task_queues_statistics", page, list, sid, show)
}

// bulkQueueStatistics takes JSON, unlike everything else, and creates nothing (taskrouter-studio A.2).
func (h handlers) bulkQueueStatistics(r *httpapi.Request) (httpapi.Response, error) {
	var in struct {
		QueueSIDs []string `json:"queueSids"`
	}
	if err := r.JSON(&in); err != nil {
		return httpapi.Response{}, err
	}
	ws := r.Path("WorkspaceSid")
	list, err := h.tr.BulkQueueStatistics(r.Context(), r.Caller.AccountSID, ws, in.QueueSIDs, taskrouter.StatisticsFilter{Part: taskrouter.RealTime})
	if err != nil {
		return httpapi.Response{}, err
	}
	data := make([]fields, len(list))
	for i, s := range list {
		data[i] = h.now(s)
		data[i]["task_queue_sid"] = s.Queue.SID
	}
	return httpapi.OK(fields{
		"account_sid": r.Caller.AccountSID, "workspace_sid": ws, "url": r.Base.URL(product, r.URL.EscapedPath()),
		"task_queue_data": data, "task_queue_response_count": len(data),
	})
}

func readStatistics(r *httpapi.Request, part taskrouter.Part) taskrouter.StatisticsFilter {
	f := taskrouter.StatisticsFilter{Part: part, TaskChannel: r.Text("TaskChannel")}
	if part&taskrouter.Cumulative == 0 {
		return f
	}
	f.Period = readPeriod(r)
	for word := range strings.SplitSeq(r.Text("SplitByWaitTime"), ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil || n < 0 || n > math.MaxInt32 {
			r.Fault(core.Ef(core.CodeTaskRouterInvalid, "SplitByWaitTime must be whole seconds such as 5,10"))
			return f
		}
		f.Split = append(f.Split, n)
	}
	return f
}
