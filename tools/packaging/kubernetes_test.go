package packaging

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

const kubernetes = "deploy/kubernetes"

// kind is what a manifest says that it is.
type kind struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

// manifests are the examples, each a thing of the type that it says.
type manifests struct {
	namespace  core.Namespace
	secret     core.Secret
	deployment apps.Deployment
	service    core.Service
	disruption policy.PodDisruptionBudget
	network    networking.NetworkPolicy
}

// load decodes all manifests, and refuses fields that their type does not have.
func load(t *testing.T) (m manifests) {
	t.Helper()
	into := map[kind]any{
		{"v1", "Namespace"}:                       &m.namespace,
		{"v1", "Secret"}:                          &m.secret,
		{"apps/v1", "Deployment"}:                 &m.deployment,
		{"v1", "Service"}:                         &m.service,
		{"policy/v1", "PodDisruptionBudget"}:      &m.disruption,
		{"networking.k8s.io/v1", "NetworkPolicy"}: &m.network,
	}
	for _, file := range yamls(t) {
		if file == "kustomization.yaml" {
			continue
		}
		content := read(t, filepath.Join(kubernetes, file))
		if bytes.Contains(content, []byte("\n---")) {
			t.Errorf("%s has more than one thing", file)
		}
		var is kind
		if err := yaml.Unmarshal(content, &is); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		thing, known := into[is]
		if !known {
			t.Fatalf("%s is of %v, which is not expected, or twice", file, is)
		}
		delete(into, is)
		if err := yaml.UnmarshalStrict(content, thing); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	if len(into) > 0 {
		t.Fatalf("missing: %v", slices.Collect(maps.Keys(into)))
	}
	return m
}

func yamls(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, kubernetes, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		names = append(names, filepath.Base(file))
	}
	return names
}

// Everything is applied but the secret, which is only what one looks like.
func TestKustomization(t *testing.T) {
	var kustomization struct {
		kind
		Namespace string   `json:"namespace"`
		Resources []string `json:"resources"`
	}
	if err := yaml.UnmarshalStrict(read(t, filepath.Join(kubernetes, "kustomization.yaml")), &kustomization); err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(yamls(t), func(name string) bool {
		return name == "kustomization.yaml" || name == "secret.example.yaml"
	})
	if got := slices.Sorted(slices.Values(kustomization.Resources)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Each selector finds the pods, and each name of a port is one of theirs.
func TestManifestsFindThePods(t *testing.T) {
	m := load(t)
	labels := m.deployment.Spec.Template.Labels
	for what, selector := range map[string]map[string]string{
		"deployment": m.deployment.Spec.Selector.MatchLabels,
		"spread":     container(t, m).spread.LabelSelector.MatchLabels,
		"service":    m.service.Spec.Selector,
		"disruption": m.disruption.Spec.Selector.MatchLabels,
		"network":    m.network.Spec.PodSelector.MatchLabels,
	} {
		if len(selector) == 0 || !maps.Equal(selector, labels) {
			t.Errorf("%s looks for %v, the pods are %v", what, selector, labels)
		}
	}
	ports := container(t, m).ports()
	named := []string{m.service.Spec.Ports[0].TargetPort.String()}
	for _, rule := range m.network.Spec.Ingress {
		named = append(named, rule.Ports[0].Port.String())
	}
	for _, port := range named {
		if !slices.Contains(ports, port) {
			t.Errorf("%s is not among the ports %q", port, ports)
		}
	}
	for _, namespace := range []string{m.secret.Namespace, m.deployment.Namespace, m.service.Namespace, m.disruption.Namespace, m.network.Namespace} {
		if namespace != m.namespace.Name {
			t.Errorf("something is in namespace %q", namespace)
		}
	}
}

// pod is the one container with the pod around it.
type pod struct {
	core.Container
	spec   core.PodSpec
	spread core.TopologySpreadConstraint
}

func container(t *testing.T, m manifests) pod {
	t.Helper()
	spec := m.deployment.Spec.Template.Spec
	if len(spec.Containers) != 1 || len(spec.TopologySpreadConstraints) != 1 {
		t.Fatalf("%d containers, %d constraints", len(spec.Containers), len(spec.TopologySpreadConstraints))
	}
	return pod{spec.Containers[0], spec, spec.TopologySpreadConstraints[0]}
}

func (p pod) ports() (names []string) {
	for _, port := range p.Ports {
		names = append(names, port.Name)
	}
	return names
}

// Health is asked of the operator's listener, which listens for it.
func TestProbes(t *testing.T) {
	p := container(t, load(t))
	probes := map[string]*core.Probe{"/readyz": p.ReadinessProbe, "/livez": p.LivenessProbe}
	for path, probe := range probes {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || probe.HTTPGet.Port.String() != "manage" {
			t.Errorf("%s is not asked of manage: %v", path, probe)
		}
	}
	for _, port := range p.Ports {
		if port.Name == "manage" && p.variable("CALLVAULT_MANAGE") != fmt.Sprintf(":%d", port.ContainerPort) {
			t.Errorf("port %d is asked, and %q is listened on", port.ContainerPort, p.variable("CALLVAULT_MANAGE"))
		}
	}
}

func (p pod) variable(name string) string {
	for _, variable := range p.Env {
		if variable.Name == name {
			return variable.Value
		}
	}
	return ""
}

// The secret has what the pod takes from it, and PGPASSFILE is where it is put.
func TestSecret(t *testing.T) {
	m := load(t)
	p := container(t, m)
	for _, variable := range p.Env {
		if from := variable.ValueFrom; from != nil && (from.SecretKeyRef.Name != m.secret.Name || m.secret.StringData[from.SecretKeyRef.Key] == "") {
			t.Errorf("%s: the secret has no %s", variable.Name, from.SecretKeyRef.Key)
		}
	}
	volumes := map[string]*core.SecretVolumeSource{}
	for _, volume := range p.spec.Volumes {
		volumes[volume.Name] = volume.Secret
	}
	found := false
	for _, mount := range p.VolumeMounts {
		secret, known := volumes[mount.Name]
		if !known {
			t.Errorf("%s is no volume", mount.Name)
		}
		if secret == nil {
			continue
		}
		for _, item := range secret.Items {
			found = found || mount.MountPath+"/"+item.Path == p.variable("PGPASSFILE")
			if secret.SecretName != m.secret.Name || m.secret.StringData[item.Key] == "" {
				t.Errorf("the secret has no %s", item.Key)
			}
		}
	}
	if !found {
		t.Errorf("nothing is put at %q", p.variable("PGPASSFILE"))
	}
}

// The namespace admits only pods that give up what a server does not need.
func TestRestricted(t *testing.T) {
	m := load(t)
	if got := m.namespace.Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
		t.Errorf("the namespace enforces %q", got)
	}
	p := container(t, m)
	whole, own := p.spec.SecurityContext, p.SecurityContext
	switch {
	case whole == nil || whole.RunAsNonRoot == nil || !*whole.RunAsNonRoot:
		t.Error("it may run as root")
	case whole.SeccompProfile == nil || whole.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault:
		t.Error("it may make any system call")
	case own == nil || own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation:
		t.Error("it may gain rights")
	case own.ReadOnlyRootFilesystem == nil || !*own.ReadOnlyRootFilesystem:
		t.Error("it may write to its image")
	case own.Capabilities == nil || !slices.Equal(own.Capabilities.Drop, []core.Capability{"ALL"}):
		t.Error("it keeps capabilities")
	}
}
