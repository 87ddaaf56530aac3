// Package fluxmsg reads the messages that Flux's controllers, Helm, the
// Kubernetes API server, the scheduler and the kubelet put into conditions and
// events, and gives back what they name: objects, fields, charts, images.
//
// A message is prose, written for people and changed from version to version,
// and part of it is other people's text. So each parser knows exact wordings,
// each with where it comes from, and answers false for anything else: a wrong
// guess would send a reader to a healthy object. Names are taken only when
// they have the shape and the length that Kubernetes allows.
//
// The parsers never panic and take time in proportion to the message. Messages
// are read up to 64 KiB; Kubernetes keeps 32 KiB of a condition's message and
// 1 KiB of an event's (k8s.io/apimachinery v0.36, Condition.Message;
// k8s.io/client-go v0.36, tools/events).
package fluxmsg
