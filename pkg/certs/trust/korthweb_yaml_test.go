package trust

// korthwebYAML is a tenant's certificates, issuers and Gateways as in Korthweb
// (gitops/dependency and gitops/application), with the statuses and Secrets that cert-manager
// writes.
const korthwebYAML = `{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: selfsigned-root-issuer, namespace: TENANT-orthweb}, spec: {selfSigned: {}}, status: {conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: int-ca-issuer, namespace: TENANT-orthweb}, spec: {ca: {secretName: int-ca-secret}}, status: {conditions: [{type: Ready, status: "True"}]}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: int-ca-cert
  namespace: TENANT-orthweb
  labels: {kustomize.toolkit.fluxcd.io/name: TENANT-dependency, kustomize.toolkit.fluxcd.io/namespace: flux-system}
spec: {isCA: true, commonName: int-ca, secretName: int-ca-secret, issuerRef: {name: selfsigned-root-issuer, kind: Issuer, group: cert-manager.io}}
status: {revision: 2, renewalTime: "2026-04-01T00:00:00Z", notAfter: "2026-04-30T12:00:00Z", conditions: [{type: Ready, status: "True"}]}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: orthweb-cert, namespace: TENANT-orthweb}
spec: {commonName: orthweb.com, secretName: orthweb-secret, dnsNames: [web.TENANT.orthweb.com, dicom.TENANT.orthweb.com], issuerRef: {name: int-ca-issuer}}
status: {revision: 1, renewalTime: "2026-05-20T00:00:00Z", notAfter: "2026-05-30T12:00:00Z", conditions: [{type: Ready, status: "True"}]}
---
apiVersion: cert-manager.io/v1
kind: CertificateRequest
metadata: {name: int-ca-cert-2, namespace: TENANT-orthweb, annotations: {cert-manager.io/certificate-name: int-ca-cert, cert-manager.io/certificate-revision: "2"}}
status: {certificate: CA_PEM}
---
apiVersion: cert-manager.io/v1
kind: CertificateRequest
metadata: {name: orthweb-cert-1, namespace: TENANT-orthweb, annotations: {cert-manager.io/certificate-name: orthweb-cert, cert-manager.io/certificate-revision: "1"}}
status: {certificate: WEB_PEM, ca: CA_PEM}
---
{apiVersion: v1, kind: Secret, metadata: {name: int-ca-secret, namespace: TENANT-orthweb}, type: kubernetes.io/tls, data: {tls.crt: CA_PEM, ca.crt: CA_PEM, tls.key: bm8=}}
---
{apiVersion: v1, kind: Secret, metadata: {name: orthweb-secret, namespace: TENANT-orthweb}, type: kubernetes.io/tls, data: {tls.crt: WEB_PEM, ca.crt: CA_PEM, tls.key: bm8=}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata:
  name: web-gw
  namespace: TENANT-orthweb
  labels: {kustomize.toolkit.fluxcd.io/name: TENANT-application, kustomize.toolkit.fluxcd.io/namespace: flux-system}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [web.TENANT.orthweb.com], tls: {mode: SIMPLE, credentialName: orthweb-secret}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: dcm-gw, namespace: TENANT-orthweb}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 11112, name: tls-dicom, protocol: TLS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: orthweb-secret}}]
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: dcm-vs, namespace: TENANT-orthweb}, spec: {hosts: [dicom.TENANT.orthweb.com], gateways: [dcm-gw], tcp: [{route: [{destination: {host: orthweb}}]}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: istio-ingressgateway, namespace: TENANT-orthweb}, spec: {type: LoadBalancer, selector: {istio: ingressgateway}, ports: [{port: 443}, {port: 11112}]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.7}]}}}
---
{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: TENANT-application, namespace: flux-system}, spec: {path: ./gitops/application/TENANT}}
---
{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: TENANT-dependency, namespace: flux-system}, spec: {path: ./gitops/dependency/TENANT}}`
