package target

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/issuance"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// DefaultUser is the user of Orthanc's web if none is named.
const DefaultUser = "admin"

// SecretLogin reads credentials from a Secret, [NAMESPACE/]NAME[:KEY], by default from the
// tenant's namespace. Without a user name it uses the Secret's username, or DefaultUser.
func SecretLogin(ctx context.Context, config *request.Config, t tenant.Tenant, reference, user string) (login check.Credentials, err error) {
	name, key, _ := strings.Cut(reference, ":")
	namespace := t.Namespaces[0]
	if before, after, ok := strings.Cut(name, "/"); ok {
		namespace, name = before, after
	}
	key = cmp.Or(key, "password")
	found, err := issuance.Secret(ctx, config, namespace, name)
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return login, advice.Add(err, "Specify the Secret as NAMESPACE/NAME:KEY, or the password with --password-file or --password-env.")
	}
	if err != nil {
		return login, request.WhenUnreachable(ctx, err)
	}
	value, ok := found.Data[key]
	if !ok {
		return login, advice.Add(fmt.Errorf("secret %s/%s has no key %q", namespace, name, key), "Specify the key, as in --password-secret=%s:KEY.", name)
	}
	return check.NewCredentials(t.Name, cmp.Or(user, string(found.Data["username"]), DefaultUser), string(value)), nil
}
