// Package fluxmsg parses the messages that the controllers of Flux, Helm, the
// Kubernetes API server, the scheduler and the kubelet write into conditions and
// events, and returns what they name: objects, fields, charts, images.
//
// A message is prose, written for people and changed from version to version, and parts
// of it are text from others. So each parser matches exact wordings, each with its
// source, and returns false for anything else: a wrong guess would point to a healthy
// object. Names are only accepted if they have the form and the length that Kubernetes
// allows.
//
// The parsers never panic, and their run time is linear in the length of the message.
// Messages are read up to 64 KiB; Kubernetes keeps 32 KiB of the message of a condition
// and 1 KiB of that of an event (k8s.io/apimachinery v0.36, Condition.Message;
// k8s.io/client-go v0.36, tools/events).
package fluxmsg
