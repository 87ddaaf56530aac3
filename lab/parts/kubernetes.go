package parts

import "strconv"

// ServiceRange is the range of the Services' cluster addresses, and ServiceIP its first
// address, that of the Service kubernetes. They are not routed.
const (
	ServiceRange = "10.96.0.0/16"
	ServiceIP    = "10.96.0.1"
)

// Etcd is the store. It doesn't sync to disk, because a lab is temporary.
func (c Config) Etcd() Part {
	client, peer := "https://"+c.Ports.Addr("etcd"), "https://"+c.Ports.Addr("etcd-peer")
	return Part{
		Name: "etcd",
		Args: []string{
			"--name=lab", "--data-dir=" + c.path("etcd"), "--unsafe-no-fsync", "--log-level=warn",
			// The objects of a thousand tenants and their earlier versions take more than the 2 GiB
			// that are etcd's default.
			"--quota-backend-bytes=8589934592",
			"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
			"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=lab=" + peer,
			"--listen-metrics-urls=" + c.url("etcd-metrics", ""),
			"--client-cert-auth", "--trusted-ca-file=" + c.Files.CA, "--cert-file=" + c.Files.Serving, "--key-file=" + c.Files.ServingKey,
			"--peer-client-cert-auth", "--peer-trusted-ca-file=" + c.Files.CA, "--peer-cert-file=" + c.Files.Serving, "--peer-key-file=" + c.Files.ServingKey,
		},
		Ports:  []string{"etcd", "etcd-peer", "etcd-metrics"},
		Health: c.url("etcd-metrics", "/health"),
		Store:  true,
	}
}

// APIServer is the API server with RBAC and no anonymous user.
func (c Config) APIServer() Part {
	return Part{
		Name: "kube-apiserver",
		Args: []string{
			"--etcd-servers=https://" + c.Ports.Addr("etcd"), "--etcd-cafile=" + c.Files.CA,
			"--etcd-certfile=" + c.Files.EtcdClient, "--etcd-keyfile=" + c.Files.EtcdClientKey,
			"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=" + c.port("kube-apiserver"),
			"--endpoint-reconciler-type=none", "--service-cluster-ip-range=" + ServiceRange,
			"--authorization-mode=RBAC", "--anonymous-auth=false", "--allow-privileged=true", "--profiling=false",
			// The API server calls a webhook at an endpoint of its Service, as an API server
			// outside of the cluster does, because a ClusterIP is not routed here.
			"--enable-aggregator-routing=true",
			"--client-ca-file=" + c.Files.CA, "--tls-cert-file=" + c.Files.Serving, "--tls-private-key-file=" + c.Files.ServingKey,
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file=" + c.Files.TokenPublicKey, "--service-account-signing-key-file=" + c.Files.TokenKey,
			"--requestheader-client-ca-file=" + c.Files.FrontCA, "--requestheader-allowed-names=front-proxy-client",
			"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--proxy-client-cert-file=" + c.Files.FrontProxy, "--proxy-client-key-file=" + c.Files.FrontProxyKey,
		},
		Ports:  []string{"kube-apiserver"},
		Health: c.Server() + "/readyz",
		Client: true,
		Store:  true,
	}
}

// ControllerManager runs the built-in controllers, each with its own service account.
func (c Config) ControllerManager() Part {
	return Part{
		Name: "kube-controller-manager",
		Args: append(c.kubeFlags("kube-controller-manager"),
			"--use-service-account-credentials", "--root-ca-file="+c.Files.CA,
			"--service-account-private-key-file="+c.Files.TokenKey,
			"--cluster-signing-cert-file="+c.Files.CA, "--cluster-signing-key-file="+c.Files.CAKey,
			// kwok never sets a Pod to ready again that this controller set to not ready,
			// so a lab whose API server was paused for a minute, or whose laptop slept,
			// would stay broken.
			"--node-monitor-grace-period=10m"),
		Ports:  []string{"kube-controller-manager"},
		Health: "https://" + c.Ports.Addr("kube-controller-manager") + "/healthz",
	}
}

// Scheduler is the scheduler.
func (c Config) Scheduler() Part {
	return Part{
		Name:   "kube-scheduler",
		Args:   c.kubeFlags("kube-scheduler"),
		Ports:  []string{"kube-scheduler"},
		Health: "https://" + c.Ports.Addr("kube-scheduler") + "/healthz",
	}
}

func (c Config) kubeFlags(name string) []string {
	kubeconfig := c.Files.Kubeconfigs[name]
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", "--secure-port=" + c.port(name), "--leader-elect=false", "--profiling=false",
		"--tls-cert-file=" + c.Files.Serving, "--tls-private-key-file=" + c.Files.ServingKey,
	}
}

func (c Config) port(name string) string { return strconv.Itoa(c.Ports.Number(name)) }
