package pki

// User is the identity of a part at the API server.
type User struct {
	// Name is the certificate's common name, the user name in RBAC.
	Name string
	// Groups are the certificate's organisations, the groups in RBAC.
	Groups []string
}

// ServiceAccount is the user that a pod running under the service account
// would be, with the groups that the API server gives it
// (k8s.io/apiserver v0.36.4, pkg/authentication/serviceaccount/util.go), so
// that bindings to the service account apply to a process on the host.
func ServiceAccount(namespace, name string) User {
	return User{
		Name:   "system:serviceaccount:" + namespace + ":" + name,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace},
	}
}

// Admin is the user of the kubeconfig that users get. It is the only one in system:masters, the
// group that passes every check.
const Admin = "admin"

// Users are the users of a lab by the name of their part.
func Users() map[string]User {
	return map[string]User{
		Admin:                     {Name: "orthweb-lab:admin", Groups: []string{"system:masters"}},
		"kube-controller-manager": {Name: "system:kube-controller-manager"},
		"kube-scheduler":          {Name: "system:kube-scheduler"},
		"kwok":                    ServiceAccount("kube-system", "kwok-controller"),
		"source-controller":       ServiceAccount("flux-system", "source-controller"),
		"kustomize-controller":    ServiceAccount("flux-system", "kustomize-controller"),
		"helm-controller":         ServiceAccount("flux-system", "helm-controller"),
		"cert-manager":            ServiceAccount("cert-manager", "cert-manager"),
		"cloud-provider":          {Name: "orthweb-lab:cloud-provider"},
		"gateway":                 {Name: "orthweb-lab:gateway"},
	}
}
