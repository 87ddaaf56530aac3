package dashboard

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/dashboard"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/configmap"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
	targets "github.com/digihunch/kubectl-orthweb/pkg/validate/target"
)

// target is what connections are forwarded to.
type target struct {
	config   *request.Config
	snap     *snapshot.Snapshot
	endpoint dashboard.Endpoint
	// tenant is the one that the user named, or whose Orthanc it is; nil for none.
	tenant *tenant.Tenant
	pod    *unstructured.Unstructured
	// podPort is the number of the pod's port.
	podPort int64
}

// find reads the cluster, and finds the Service and a ready pod.
func (o *options) find(ctx context.Context) (target, error) {
	config, err := o.call.Config()
	if err != nil {
		return target{}, err
	}
	session, err := o.call.Session(ctx, false)
	if err != nil {
		return target{}, err
	}
	found, err := o.findIn(ctx, session)
	found.config = config
	return found, command.WhenUnreachable(ctx, err)
}

func (o *options) findIn(ctx context.Context, session *collect.Session) (found target, err error) {
	namespace := o.call.Namespace()
	ofOrthanc := o.program.Title == dashboard.Orthanc.Title
	read := func(queries ...collect.Query) error {
		more, err := session.Read(ctx, queries)
		if err == nil && found.snap != nil {
			more = snapshot.Join(found.snap, more)
		}
		found.snap = more
		return err
	}
	if ofOrthanc || o.tenant != "" {
		if err := read(queries.Names()...); err != nil {
			return found, err
		}
		at := namespace
		if !ofOrthanc {
			at = "" // it is the Service's
		}
		chosen, err := selection.One(found.snap, o.tenant, at)
		if err != nil {
			return found, err
		}
		found.tenant = &chosen
	}
	if err := read(o.services(namespace, ofOrthanc, found.tenant)); err != nil {
		return found, err
	}
	if ofOrthanc {
		found.endpoint, err = dashboard.OfTenant(found.snap, *found.tenant)
	} else {
		found.endpoint, err = dashboard.Find(found.snap, o.program, namespace)
	}
	if err != nil {
		return found, err
	}
	if err := read(queries.Pods(found.endpoint.Service.GetNamespace())); err != nil {
		return found, err
	}
	found.pod, found.podPort, err = found.endpoint.Pod(found.snap)
	return found, err
}

// services is the list of the Services that may be the right one.
func (o *options) services(namespace string, ofOrthanc bool, t *tenant.Tenant) collect.Query {
	services := collect.Query{GroupKind: object.ServiceKind}
	switch {
	case ofOrthanc:
		services.Namespaces = t.Namespaces
	case namespace != "":
		services.Namespaces = []string{namespace}
	}
	return services
}

// credentials are what is required to sign in.
func (o *options) credentials(ctx context.Context, found target) dashboard.Credentials {
	switch o.program.Title {
	case dashboard.Grafana.Title:
		return dashboard.GrafanaCredentials(found.pod)
	case dashboard.Prometheus.Title:
		return dashboard.PrometheusCredentials()
	case dashboard.Kiali.Title:
		name := dashboard.KialiConfigMap(found.pod)
		data, err := configmap.Read(ctx, found.config, found.pod.GetNamespace(), name)
		if err != nil {
			return dashboard.Credentials{Text: fmt.Sprintf("How to sign in is not known: %v.", err)}
		}
		config, ok := data["config.yaml"]
		if !ok {
			return dashboard.Credentials{Text: fmt.Sprintf("How to sign in is not known: ConfigMap %s/%s has no config.yaml.", found.pod.GetNamespace(), name)}
		}
		return dashboard.KialiCredentials(found.pod, []byte(config))
	}
	users, err := targets.OrthancUsers(ctx, found.config, found.snap, *found.tenant)
	if err != nil {
		return dashboard.Credentials{Text: fmt.Sprintf("Where Orthanc's users are is not known: %v.", err)}
	}
	return orthancCredentials(users)
}

// orthancCredentials describes where Orthanc's users are.
func orthancCredentials(users targets.Users) dashboard.Credentials {
	where := users.Namespace + "/" + users.Name
	if users.Key != "" {
		where = fmt.Sprintf("%s, key %s", where, users.Key)
	}
	show := escape.Command("kubectl get "+strings.ToLower(users.Kind)+" %s -n %s -o yaml", users.Name, users.Namespace)
	switch {
	case users.Open:
		return dashboard.Credentials{Text: "No sign-in is required: everybody who can connect to Orthanc can read and change studies (AuthenticationEnabled)."}
	case users.Kind == "Secret" && users.Key != "":
		return dashboard.Credentials{
			Text:    fmt.Sprintf("Sign in as a user of Orthanc. Users and passwords: Secret %s.", where),
			Command: escape.Command("kubectl get secret %s -n %s -o go-template=%s", users.Name, users.Namespace, fmt.Sprintf(`{{index .data %q | base64decode}}{{"\n"}}`, users.Key)),
		}
	case !users.Certain:
		return dashboard.Credentials{Text: fmt.Sprintf("Sign in as a user of Orthanc. Users and passwords may be in %s %s, which is not read.", users.Kind, where), Command: show}
	case users.Kind == "ConfigMap":
		return dashboard.Credentials{Text: fmt.Sprintf("Sign in as a user of Orthanc. Users and passwords: setting RegisteredUsers in ConfigMap %s.", where), Command: show}
	}
	return dashboard.Credentials{Text: fmt.Sprintf("Sign in as a user of Orthanc. Users and passwords: variable ORTHANC__REGISTERED_USERS of %s.", users.Name)}
}
