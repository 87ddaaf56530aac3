package planted

import "strings"

// Object is an object, in YAML, with secrets in fields of its kind.
type Object struct {
	Secret

	YAML string
}

// Objects are objects with a secret in each field of their kinds that may contain one.
func Objects() []Object {
	var all []Object
	for i, template := range objectTemplates {
		secret, marks := mixed(9000 + i)
		text := strings.NewReplacer(here, secret, encoded, b64(secret)).Replace(template)
		all = append(all, Object{Secret{Group: "fields", Text: text, Marks: marks}, text})
	}
	return all
}

var objectTemplates = []string{
	`{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: x, namespace: a}, spec: {rules: [{when: [{key: "request.headers[x-key]", values: ["§"]}]}]}}`,
	`{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: x, namespace: a}, spec: {rules: [{when: [{key: "request.headers[authorization]", notValues: ["§"]}]}]}}`,
	`{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, namespace: a}, spec: {http: [{match: [{headers: {x-key: {exact: "§"}}}]}]}}`,
	`{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, namespace: a}, spec: {http: [{match: [{withoutHeaders: {x-key: {prefix: "§"}}}]}]}}`,
	`{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, namespace: a}, spec: {http: [{match: [{queryParams: {x: {regex: "§"}}}]}]}}`,
	`{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, namespace: a}, spec: {http: [{route: [{headers: {request: {set: {x-key: "§"}}}}]}]}}`,
	`{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, namespace: a}, spec: {http: [{headers: {response: {add: {x-key: "§"}}}}]}}`,
	`{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, namespace: a}, spec: {http: [{rewrite: {uri: "/x?token=§"}}]}}`,
	`{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: x, namespace: a}, spec: {jwtRules: [{issuer: x, jwks: '{"keys":[{"kty":"oct","k":"§"}]}'}]}}`,
	`{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: x, namespace: a}, spec: {rules: [{matches: [{headers: [{name: x-key, value: "§"}]}]}]}}`,
	`{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: x, namespace: a}, spec: {rules: [{matches: [{queryParams: [{name: x, value: "§"}]}]}]}}`,
	`{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: x, namespace: a}, spec: {rules: [{matches: [{headers: [{name: x-key, value: "§"}]}]}]}}`,
	`{apiVersion: source.toolkit.fluxcd.io/v1, kind: Bucket, metadata: {name: x, namespace: a}, spec: {endpoint: "a:§@minio.example.com:9000", bucketName: x}}`,
	`{apiVersion: source.toolkit.fluxcd.io/v1, kind: HelmRepository, metadata: {name: x, namespace: a}, spec: {url: "https://a:§@h/x"}}`,
	`{apiVersion: source.toolkit.fluxcd.io/v1, kind: OCIRepository, metadata: {name: x, namespace: a}, spec: {url: "oci://a:§@r.io/x"}}`,
	`{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: x, namespace: a}, spec: {vault: {server: "https://v", auth: {appRole: {path: approle, roleId: "§", secretRef: {name: s, key: k}}}}}}`,
	`{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: x}, spec: {acme: {externalAccountBinding: {keyID: "§", keySecretRef: {name: s}}}}}`,
	`{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: x}, spec: {acme: {solvers: [{dns01: {route53: {accessKeyID: "§"}}}]}}}`,
	`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: x, namespace: a}, spec: {keystores: {jks: {password: "§"}}}}`,
	`{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: x}, provisioner: x, parameters: {adminId: "§"}}`,
	`{apiVersion: v1, kind: PersistentVolume, metadata: {name: x}, spec: {csi: {driver: x, volumeHandle: h, volumeAttributes: {accessor: "§"}}}}`,
	`{apiVersion: v1, kind: PersistentVolume, metadata: {name: x}, spec: {flexVolume: {driver: x, options: {user: "§"}}}}`,
	`{apiVersion: v1, kind: PersistentVolume, metadata: {name: x}, spec: {mountOptions: ["username=a,password=§"]}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: a}, spec: {volumes: [{name: v, csi: {driver: x, volumeAttributes: {x: "§"}}}]}}`,
	`{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotClass, metadata: {name: x}, driver: x, parameters: {x: "§"}}`,
	`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x, namespace: a}, spec: {config: "x §"}}`,
	`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x, namespace: a}, spec: {users: [{name: alice, value: "§"}]}}`,
	`{apiVersion: example.com/v1, kind: Secrets, metadata: {name: x, namespace: a}, stringData: {a: "§"}}`,
	`{apiVersion: example.com/v1, kind: SecretCopy, metadata: {name: x, namespace: a}, data: {a: "…", name: "§", type: "§"}}`,
	`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x, namespace: a}, spec: {template: {inline: ["§"], name: x}}}`,
	`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x, namespace: a}, spec: {users: {alice: "§"}}}`,
	`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x, namespace: a}, status: {output: "§"}}`,
	`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x, namespace: a}, status: {conditions: [{type: Ready, status: "False", reason: X, message: "login with password=§ failed"}]}}`,
	`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x, namespace: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"spec":{"x":"§"}}'}}}`,
	`{apiVersion: example.com/v1, kind: Widget, metadata: {name: x, namespace: a, annotations: {example.com/x: "§"}}}`,
	`{apiVersion: v1, kind: Service, metadata: {name: x, namespace: a, annotations: {kubernetes.io/description: "the password is §"}}}`,
	`{apiVersion: apps/v1, kind: Deployment, metadata: {name: x, namespace: a}, spec: {template: {metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"x":"§"}'}}}}}`,
	`{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: a}, data: {orthanc.json: '{"RegisteredUsers":{"alice":"§"}}'}}`,
	`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: x, namespace: a}, spec: {values: {orthanc: {RegisteredUsers: {alice: "§"}}}}}`,
	`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: x, namespace: a}, spec: {values: {config: '{"RegisteredUsers":{"alice":"§"}}'}}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: a}, spec: {containers: [{name: c, env: [{name: ORTHANC__REGISTERED_USERS, value: '{"alice":"§"}'}]}]}}`,
	`{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: x, namespace: a}, spec: {hosts: ["a:§@db.example.com"]}}`,
	`{apiVersion: networking.istio.io/v1, kind: EnvoyFilter, metadata: {name: x, namespace: a}, spec: {configPatches: [{match: {x: y}, patch: {value: {inlineCode: "§"}}}]}}`,
	`{apiVersion: extensions.istio.io/v1alpha1, kind: WasmPlugin, metadata: {name: x, namespace: a}, spec: {pluginConfig: {x: "§"}}}`,
	`{apiVersion: traefik.io/v1alpha1, kind: Middleware, metadata: {name: x, namespace: a}, spec: {headers: {customRequestHeaders: {X-Key: "§"}}}}`,
	`{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: x, namespace: a}, spec: {endpoints: [{params: {x: ["§"]}}]}}`,
	`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: x, namespace: a}, spec: {hashiCorpVault: {credential: {token: "§"}}}}`,
	`{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: x, namespace: a}, spec: {source: {repoURL: "https://h/x", helm: {parameters: [{name: x, value: "§"}], values: "x: §"}}}}`,
	`{apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: x, namespace: a}, data: {spec: {template: {spec: {containers: [{name: c, args: ["§"], env: [{name: A, value: "§"}]}]}}}}}`,
	`{apiVersion: notification.toolkit.fluxcd.io/v1beta3, kind: Provider, metadata: {name: x, namespace: a}, spec: {type: slack, address: "https://chat.example.com/x/§"}}`,
	`{apiVersion: v1, kind: Event, metadata: {name: x, namespace: a}, involvedObject: {kind: Pod, name: p}, message: 'RegisteredUsers: {"alice":"§"}'}`,
	`{apiVersion: metallb.io/v1beta2, kind: BGPPeer, metadata: {name: x, namespace: a}, spec: {password: "§"}}`,
	`{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: x, namespace: a}, spec: {target: {template: {data: {x: "§"}}}}}`,
	`{apiVersion: v1, kind: Node, metadata: {name: x, annotations: {kubeadm.alpha.kubernetes.io/x: "§"}}}`,
	`{apiVersion: apps/v1, kind: Deployment, metadata: {name: x, namespace: a}, spec: {template: {spec: {containers: [{name: c, startupProbe: {httpGet: {httpHeaders: [{name: X, value: "§"}]}}}]}}}}`,
	`{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: x, namespace: a}, spec: {rules: [{backendRefs: [{name: s, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: x, value: "§"}]}}]}]}]}}`,
}
