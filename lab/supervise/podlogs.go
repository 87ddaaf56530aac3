package supervise

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/podlog"
)

// output is where the output of a process goes.
type output struct {
	to    io.Writer
	close func()
}

// output is the log of a part, and that of the Pod that it stands for.
func (s *supervisor) output(p parts.Part, log *os.File) (output, error) {
	if p.Container == nil {
		// The process gets the file itself.
		return output{log, func() { _ = log.Close() }}, nil
	}
	stored, err := s.logs.of(p, s.cfg.PodLogs(p.Name))
	if err != nil {
		return output{}, err
	}
	w := stored.Writer()
	return output{io.MultiWriter(log, w), func() { _, _ = w.Close(), log.Close() }}, nil
}

// podLogs are the logs of the Pods that parts stand for.
type podLogs struct {
	mu    sync.Mutex
	parts map[string]*podLog
}

// podLog is the log of one part.
type podLog struct {
	*podlog.Log
	container parts.Container
	mu        sync.Mutex // of the following, while the cluster's objects are changed
	// pod is the Pod that the part stands for, nil before there is one.
	pod *unstructured.Unstructured
}

// of is the log of a part, in dir.
func (l *podLogs) of(p parts.Part, dir string) (*podLog, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.parts[p.Name] == nil {
		log, err := podlog.Open(dir)
		if err != nil {
			return nil, err
		}
		if l.parts == nil {
			l.parts = map[string]*podLog{}
		}
		l.parts[p.Name] = &podLog{Log: log, container: *p.Container}
	}
	return l.parts[p.Name], nil
}

func (l *podLogs) forget(names ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		delete(l.parts, name)
	}
}

// find is the log of a part, nil if it has none.
func (l *podLogs) find(name string) *podLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.parts[name]
}

func (l *podLogs) names() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for name := range l.parts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// followPods makes kwok serve the parts' output as logs of Pods, until ctx ends: of one Pod for
// each part. All other containers have an empty log.
func (s *supervisor) followPods(ctx context.Context) {
	go func() {
		for ; ctx.Err() == nil; pause(ctx, time.Second) {
			if s.serveEmptyLogs(ctx) == nil {
				break
			}
		}
		said := map[string]string{} // the last error of each part
		for ; ctx.Err() == nil; pause(ctx, time.Second) {
			for _, name := range s.logs.names() {
				log := s.logs.find(name)
				if log == nil {
					continue
				}
				if err := s.servePodLog(ctx, name, log); err != nil && ctx.Err() == nil && err.Error() != said[name] {
					said[name] = err.Error()
					logf("the log of %s isn't served: %v", name, err)
				}
			}
		}
	}()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// serveEmptyLogs makes the logs of all Pods empty.
func (s *supervisor) serveEmptyLogs(ctx context.Context) error {
	if err := os.MkdirAll(s.cfg.PodLogs(""), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(s.emptyLog(), nil, 0o600); err != nil {
		return err
	}
	return s.cluster.Apply(ctx, "orthweb-lab", []*unstructured.Unstructured{{Object: map[string]any{
		"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterLogs", "metadata": map[string]any{"name": "empty"},
		"spec": map[string]any{"logs": []any{map[string]any{"logsFile": s.emptyLog(), "previousLogsFile": s.emptyLog()}}},
	}}})
}

func (s *supervisor) emptyLog() string { return s.cfg.PodLogs("empty.log") }

// servePodLog chooses the Pod of a part: the same as before as long as it exists, otherwise the
// oldest. The new Pod begins with an empty log, unless it is the first.
func (s *supervisor) servePodLog(ctx context.Context, name string, log *podLog) error {
	log.mu.Lock()
	defer log.mu.Unlock()
	pods, err := s.cluster.Find(ctx, cluster.Objects{APIVersion: "v1", Kind: "Pod", Namespace: log.container.Namespace, Labels: log.container.Labels})
	if err != nil {
		return err
	}
	pods = slices.DeleteFunc(pods, func(pod unstructured.Unstructured) bool {
		phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
		return phase != "Running"
	})
	for i := range pods {
		if log.pod != nil && pods[i].GetUID() == log.pod.GetUID() {
			return nil
		}
	}
	if len(pods) == 0 {
		return nil
	}
	slices.SortFunc(pods, func(a, b unstructured.Unstructured) int {
		return strings.Compare(a.GetCreationTimestamp().UTC().String()+a.GetName(), b.GetCreationTimestamp().UTC().String()+b.GetName())
	})
	if log.pod != nil {
		gone := cluster.Objects{APIVersion: "kwok.x-k8s.io/v1alpha1", Kind: "Logs", Namespace: log.pod.GetNamespace(), Name: log.pod.GetName()}
		if err := s.cluster.Delete(ctx, gone); err != nil {
			return err
		}
		if err := log.Next(false); err != nil {
			return err
		}
	}
	log.pod = &pods[0]
	if err := s.applyPodLog(ctx, log); err != nil {
		log.pod = nil
		return err
	}
	logf("%s stands for pod %s/%s", name, log.pod.GetNamespace(), log.pod.GetName())
	return nil
}

// applyPodLog makes kwok serve the files of the log.
func (s *supervisor) applyPodLog(ctx context.Context, log *podLog) error {
	current, previous := log.Files()
	return s.cluster.Apply(ctx, "orthweb-lab", []*unstructured.Unstructured{{Object: map[string]any{
		"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Logs",
		"metadata": map[string]any{"name": log.pod.GetName(), "namespace": log.pod.GetNamespace()},
		"spec": map[string]any{"logs": []any{
			map[string]any{"containers": []any{log.container.Name}, "logsFile": current, "previousLogsFile": previous},
			map[string]any{"logsFile": s.emptyLog(), "previousLogsFile": s.emptyLog()},
		}},
	}}})
}

// noteRestart reports in the Pod's status that the container was restarted, as a kubelet does.
func (s *supervisor) noteRestart(ctx context.Context, log *podLog) error {
	o := cluster.Objects{APIVersion: "v1", Kind: "Pod", Namespace: log.pod.GetNamespace(), Name: log.pod.GetName(), Subresource: "status"}
	pods, err := s.cluster.Find(ctx, o)
	if err != nil || len(pods) == 0 {
		return err
	}
	list, _, err := unstructured.NestedSlice(pods[0].Object, "status", "containerStatuses")
	if err != nil {
		return err
	}
	now := time.Now().UTC().Format(time.RFC3339)
	for _, entry := range list {
		status, ok := entry.(map[string]any)
		if !ok || status["name"] != log.container.Name {
			continue
		}
		count, _ := status["restartCount"].(int64)
		began, _, _ := unstructured.NestedString(status, "state", "running", "startedAt")
		terminated := map[string]any{"exitCode": int64(137), "reason": "Error", "startedAt": began, "finishedAt": now}
		if id, ok := status["containerID"].(string); ok {
			terminated["containerID"] = id
		}
		status["restartCount"] = count + 1
		status["containerID"] = fmt.Sprintf("orthweb-lab://%s/%d", log.pod.GetUID(), count+1)
		status["lastState"] = map[string]any{"terminated": terminated}
		status["state"] = map[string]any{"running": map[string]any{"startedAt": now}}
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"containerStatuses": list}})
	if err != nil {
		return err
	}
	return s.cluster.Patch(ctx, o, patch)
}
