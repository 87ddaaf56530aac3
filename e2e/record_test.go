//go:build lab

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// settleTimeout is the time limit until Flux has applied a commit.
const settleTimeout = 4 * time.Minute

// recordObjects is `record FILE COMMIT-FILE`: it waits until Flux has applied the commit, and
// nothing that Flux manages changes or is being deleted, then writes all objects of the cluster
// to the file.
func recordObjects(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: record FILE COMMIT-FILE")
	}
	commit := strings.TrimSpace(ts.ReadFile(args[1]))
	// The kinds are read one after the other, so the last two reads must both show that Flux is
	// done.
	var latest record
	var done bool
	var reason string
	err := wait.PollUntilContextTimeout(context.Background(), time.Second, settleTimeout, true, func(ctx context.Context) (bool, error) {
		objects, err := readObjects(ctx)
		if err != nil {
			return false, err
		}
		last, wasDone := latest, done
		latest, reason = newRecord(objects), unsettled(objects, commit)
		done = reason == ""
		if done && !reflect.DeepEqual(onlyManaged(last), onlyManaged(latest)) {
			reason = "objects change"
		}
		return reason == "" && wasDone, nil
	})
	if err != nil {
		ts.Fatalf("record: %v: %s", err, reason)
	}
	content, err := json.Marshal(latest)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o600))
	ts.Logf("%d objects, of which Flux manages %d", len(latest), len(onlyManaged(latest)))
}

func onlyManaged(r record) record {
	managed := record{}
	for name, entry := range r {
		if entry.Managed {
			managed[name] = entry
		}
	}
	return managed
}

// unsettled is why Flux has not applied the commit yet, "" if it has.
func unsettled(objects []*unstructured.Unstructured, commit string) string {
	for _, obj := range objects {
		if isManaged(obj) && obj.GetDeletionTimestamp() != nil {
			return object.RefOf(obj).String() + " is being deleted"
		}
		if object.RefOf(obj).GroupKind() != object.KustomizationKind {
			continue
		}
		observed, _, _ := unstructured.NestedInt64(obj.Object, "status", "observedGeneration")
		revision := object.Text(obj.Object, "status", "lastAppliedRevision")
		if ready := object.ConditionOf(obj, "Ready"); ready.Status != "True" || observed != obj.GetGeneration() || !strings.HasSuffix(revision, ":"+commit) {
			return fmt.Sprintf("%s is at %s, Ready is %s: %s", object.RefOf(obj), revision, ready.Status, ready.Message)
		}
	}
	return ""
}

// readObjects reads all objects of the lab's cluster, of every kind that can be listed, except for
// Events.
func readObjects(ctx context.Context) ([]*unstructured.Unstructured, error) {
	config, err := clientcmd.BuildConfigFromFlags("", lab.kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	finder, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	lists, err := finder.ServerPreferredResources()
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			if resource.Kind == "Event" || !slices.Contains(resource.Verbs, "list") {
				continue
			}
			found, err := client.Resource(version.WithResource(resource.Name)).List(ctx, metav1.ListOptions{})
			if err != nil {
				return nil, fmt.Errorf("listing %s: %w", resource.Name, err)
			}
			for i := range found.Items {
				objects = append(objects, &found.Items[i])
			}
		}
	}
	return objects, nil
}

// requireListed is `changed-as-listed BEFORE AFTER REPORT`: it requires that the changes between
// two records are exactly those that a report of diff, as JSON, lists.
func requireListed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: changed-as-listed BEFORE AFTER REPORT")
	}
	var before, after record
	var report v1alpha1.DiffReport
	for i, into := range []any{&before, &after, &report} {
		if err := json.Unmarshal([]byte(ts.ReadFile(args[i])), into); err != nil {
			ts.Fatalf("reading %s: %v", args[i], err)
		}
	}
	listed, err := announced(report)
	ts.Check(err)
	actual := changesOf(before, after)
	problems := differences(listed, actual)
	for i, problem := range problems {
		name, _, _ := strings.Cut(problem, ": ")
		problems[i] = problem + "\n" + hunks(name, before, after)
	}
	problems = append(problems, wrongDiffs(report, before, after)...)
	if len(problems) > 0 {
		ts.Fatalf("diff was wrong:\n%s", strings.Join(problems, "\n"))
	}
	for name, what := range listed {
		if what == either {
			ts.Logf("%s was %s", name, actual[name])
		}
	}
	if len(actual) == 0 {
		ts.Fatalf("nothing changed")
	}
	ts.Logf("%d objects changed, all as diff listed them", len(actual))
}
