package load

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// stateAnnotation is the annotation of a copy's namespace that has the state of its objects: they
// are complete. A copy without it is completed.
const stateAnnotation = "orthweb-lab.digihunch.com/state"

// workers is the number of copies that are changed at the same time.
const workers = 24

// Loader changes the copies that a cluster has.
type Loader struct {
	Cluster *cluster.Cluster
	// Template is the tenant to copy. It is not needed to remove copies.
	Template *Template
	// At is the time at which the faults of broken copies began.
	At time.Time
	// Say prints progress.
	Say func(format string, args ...any)

	tenants, objects atomic.Int64
}

// Load makes the cluster have this number of copies, each in its state: Healthy, or one of Faults.
// It can be interrupted, and continues when it is called again.
func (l *Loader) Load(ctx context.Context, tenants int, state func(number int) string) error {
	present, err := l.present(ctx)
	if err != nil {
		return err
	}
	var change, keep []int
	for number := 1; number <= tenants; number++ {
		if present[Name(number)] != state(number) {
			change = append(change, number)
		} else {
			keep = append(keep, number)
		}
	}
	if err := l.inParallel(ctx, len(keep), "reconciled", func(ctx context.Context, i int) error {
		return l.reconcile(ctx, keep[i], state(keep[i]))
	}); err != nil {
		return err
	}
	if err := l.inParallel(ctx, len(change), "written", func(ctx context.Context, i int) error {
		return l.tenant(ctx, change[i], present[Name(change[i])], state(change[i]))
	}); err != nil {
		return err
	}
	for number := 1; number <= tenants; number++ {
		delete(present, Name(number))
	}
	return l.remove(ctx, present)
}

// present returns the states of the copies that exist, by name.
func (l *Loader) present(ctx context.Context) (map[string]string, error) {
	list, err := l.Cluster.List(ctx, metav1.APIResource{Version: "v1", Name: "namespaces"}, "", cluster.CopyLabel)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := range list {
		out[tenantOf(list[i].GetName())] = list[i].GetAnnotations()[stateAnnotation]
	}
	return out, nil
}

// inParallel calls do with each number below n, and prints progress.
func (l *Loader) inParallel(ctx context.Context, n int, done string, do func(context.Context, int) error) error {
	if n == 0 {
		return nil
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	l.tenants.Store(0)
	l.objects.Store(0)
	began := time.Now()
	print := func() {
		objects := l.objects.Load()
		l.Say("%d of %d tenants, %d objects %s in %s (%.0f a second)", l.tenants.Load(), n, objects, done,
			time.Since(began).Round(time.Second), float64(objects)/time.Since(began).Seconds())
	}
	ticker := time.NewTicker(10 * time.Second)
	defer ticker.Stop()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				print()
			}
		}
	}()
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(workers, n) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(ctx, i); err != nil {
					stop(err)
					return
				}
				l.tenants.Add(1)
			}
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	print()
	return nil
}

// tenant changes one copy from a state, none if it is not complete, to another one.
func (l *Loader) tenant(ctx context.Context, number int, from, to string) error {
	name := Name(number)
	objects, err := l.Template.Copy(number)
	if err != nil {
		return err
	}
	w := &writer{Loader: l, uids: map[string]string{}}
	if from == "" {
		for _, o := range objects {
			if err := w.create(ctx, o); err != nil {
				return err
			}
		}
		from = Healthy
		if err := w.mark(ctx, name, from); err != nil {
			return err
		}
	}
	if from == to {
		return nil
	}
	before, err := Break(name, from, objects, l.At)
	if err != nil {
		return err
	}
	after, err := Break(name, to, objects, l.At)
	if err != nil {
		return err
	}
	if err := w.change(ctx, before, after); err != nil {
		return err
	}
	return w.mark(ctx, name, to)
}

// reconcile gives a copy that has its state already the times of a layer that is reconciled again and
// again: without them, its layers would be out of date soon.
func (l *Loader) reconcile(ctx context.Context, number int, state string) error {
	objects, err := l.Template.Copy(number)
	if err != nil {
		return err
	}
	if objects, err = Break(Name(number), state, objects, l.At); err != nil {
		return err
	}
	w := &writer{Loader: l, uids: map[string]string{}}
	for _, o := range objects {
		if o.GroupVersionKind().GroupKind() != layerKind {
			continue
		}
		if err := w.update(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// writer writes the objects of one copy.
type writer struct {
	*Loader
	// uids are those of the objects in the cluster, by those of the template.
	uids map[string]string
}

// create creates an object with its status, or completes an existing one.
func (w *writer) create(ctx context.Context, o Object) error {
	o = o.DeepCopy()
	templates := string(o.GetUID())
	Resolve(o, w.uids)
	status, _ := o.Object["status"].(map[string]any)
	delete(o.Object, "status")
	o.SetUID("")
	resource, err := w.Cluster.Resource(o)
	if err != nil {
		return err
	}
	created, err := resource.Create(ctx, o, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		created, err = resource.Get(ctx, o.GetName(), metav1.GetOptions{})
	}
	if err != nil {
		return fmt.Errorf("creating %s: %w", name(o), err)
	}
	w.uids[templates] = string(created.GetUID())
	w.objects.Add(1)
	return w.setStatus(ctx, created, status)
}

// setStatus sets the status of an object.
func (w *writer) setStatus(ctx context.Context, o Object, status map[string]any) error {
	if len(status) == 0 || o.GetKind() == "Namespace" {
		return nil
	}
	resource, err := w.Cluster.Resource(o)
	if err != nil {
		return err
	}
	err = retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		o.Object["status"] = (&unstructured.Unstructured{Object: status}).DeepCopy().Object
		absoluteGenerations(o, o.GetGeneration())
		_, err := resource.UpdateStatus(ctx, o, metav1.UpdateOptions{})
		if apierrors.IsConflict(err) {
			if newer, getErr := resource.Get(ctx, o.GetName(), metav1.GetOptions{}); getErr == nil {
				o = newer
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("setting the status of %s: %w", name(o), err)
	}
	return nil
}

// change changes the objects of a copy to others.
func (w *writer) change(ctx context.Context, before, after []Object) error {
	present := map[string]Object{}
	byUID := map[string]Object{}
	for _, o := range before {
		present[name(o)] = o
		byUID[string(o.GetUID())] = o
	}
	wanted := map[string]bool{}
	for _, o := range after {
		wanted[name(o)] = true
		old := present[name(o)]
		if old != nil && reflect.DeepEqual(old.Object, o.Object) {
			continue
		}
		if err := w.find(ctx, o, byUID); err != nil {
			return err
		}
		var err error
		if old == nil {
			err = w.create(ctx, o)
		} else {
			err = w.update(ctx, o)
		}
		if err != nil {
			return err
		}
	}
	for _, o := range before {
		if !wanted[name(o)] {
			if err := w.delete(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// find reads the UIDs of the objects that an object refers to.
func (w *writer) find(ctx context.Context, o Object, byUID map[string]Object) error {
	for _, uid := range uidsIn(o) {
		owner := byUID[uid]
		if owner == nil || w.uids[uid] != "" {
			continue
		}
		resource, err := w.Cluster.Resource(owner)
		if err != nil {
			return err
		}
		got, err := resource.Get(ctx, owner.GetName(), metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("reading %s: %w", name(owner), err)
		}
		w.uids[uid] = string(got.GetUID())
	}
	return nil
}

// update replaces the content of an object.
func (w *writer) update(ctx context.Context, o Object) error {
	o = o.DeepCopy()
	Resolve(o, w.uids)
	resource, err := w.Cluster.Resource(o)
	if err != nil {
		return err
	}
	err = retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		got, err := resource.Get(ctx, o.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		for key, value := range o.Object {
			if key != "metadata" && key != "status" {
				got.Object[key] = value
			}
		}
		got.SetLabels(o.GetLabels())
		got.SetAnnotations(o.GetAnnotations())
		updated, err := resource.Update(ctx, got, metav1.UpdateOptions{})
		if err != nil {
			return err
		}
		status, _ := o.Object["status"].(map[string]any)
		return w.setStatus(ctx, updated, status)
	})
	if err != nil {
		return fmt.Errorf("changing %s: %w", name(o), err)
	}
	w.objects.Add(1)
	return nil
}

func (w *writer) delete(ctx context.Context, o Object) error {
	resource, err := w.Cluster.Resource(o)
	if err != nil {
		return err
	}
	now, how := int64(0), metav1.DeletePropagationBackground
	err = resource.Delete(ctx, o.GetName(), metav1.DeleteOptions{GracePeriodSeconds: &now, PropagationPolicy: &how})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting %s: %w", name(o), err)
	}
	w.objects.Add(1)
	return nil
}

// mark records the state of a copy.
func (w *writer) mark(ctx context.Context, tenant, state string) error {
	namespace := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	resource, err := w.Cluster.Resource(namespace)
	if err != nil {
		return err
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{stateAnnotation: state}}})
	if err != nil {
		return err
	}
	_, err = resource.Patch(ctx, namespaceOf(tenant), types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}
