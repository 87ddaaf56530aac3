package cluster

import (
	"strings"
	"testing"
)

const commit = "484118e032cf88ec246f469f42d16001ac9c2e8d"

func layer(change func(*Kustomization)) Kustomization {
	k := Kustomization{
		Name: Root, Generation: 2, Observed: 2, Applied: "main@sha1:" + commit, Attempted: "main@sha1:" + commit,
		Ready: Condition{Status: "True"},
	}
	if change != nil {
		change(&k)
	}
	return k
}

func TestReadyAt(t *testing.T) {
	if !layer(nil).ReadyAt(commit) {
		t.Error("a Ready layer isn't")
	}
	for name, change := range map[string]func(*Kustomization){
		"an old commit":     func(k *Kustomization) { k.Applied = "main@sha1:" + strings.Repeat("0", 40) },
		"an old generation": func(k *Kustomization) { k.Observed = 1 },
		"Unknown":           func(k *Kustomization) { k.Ready.Status = "Unknown" },
		"nothing applied":   func(k *Kustomization) { k.Applied = "" },
	} {
		if layer(change).ReadyAt(commit) {
			t.Errorf("%s counts as Ready", name)
		}
	}
}

func TestFailedAt(t *testing.T) {
	fail := func(reason string) Kustomization {
		return layer(func(k *Kustomization) {
			k.Ready = Condition{Status: "False", Reason: reason, Generation: 2}
			// This is the status of a layer that never was Ready.
			k.Observed = -1
		})
	}
	for reason, want := range map[string]bool{
		"HealthCheckFailed": true, "BuildFailed": true, "ReconciliationFailed": true,
		"DependencyNotReady": false, "Progressing": false, "HealthCheckCanceled": false,
	} {
		if got := fail(reason).FailedAt(commit); got != want {
			t.Errorf("%s: %v, want %v", reason, got, want)
		}
	}
	stale := fail("BuildFailed")
	stale.Ready.Generation = 1
	if stale.FailedAt(commit) {
		t.Error("the failure of an earlier spec counts")
	}
	old := fail("BuildFailed")
	old.Attempted = "main@sha1:" + strings.Repeat("0", 40)
	if old.FailedAt(commit) {
		t.Error("the failure of an earlier commit counts")
	}
}

func TestAllReadyWantsTheRoot(t *testing.T) {
	other := layer(func(k *Kustomization) { k.Name = "infrastructure" })
	if AllReady(nil, commit) || AllReady([]Kustomization{other}, commit) {
		t.Error("ready without the layer that makes the others")
	}
	if !AllReady([]Kustomization{layer(nil), other}, commit) {
		t.Error("not ready with all of them")
	}
}

func TestRolesAndNodesAreObjects(t *testing.T) {
	roles, err := Roles()
	if err != nil || len(roles) != 6 {
		t.Fatalf("%d roles: %v", len(roles), err)
	}
	nodes := NewNodes("kwok.x-k8s.io/node", "v1.36.3")
	if len(nodes) != Nodes || nodes[0].GetName() == nodes[1].GetName() {
		t.Errorf("nodes: %v", nodes)
	}
}
