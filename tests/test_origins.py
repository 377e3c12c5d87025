"""What a function stores into, through subscripts, other names, branches and other code."""

import pytest

from labkit.origins import looked_up, stores


def stored(code, method=False):
    """Return what the function f stores into that some code defines."""
    names = {}
    exec(code, names)
    found = stores(names["f"].__code__, method)
    return set(found.bound), set(found.changed)


@pytest.mark.parametrize(
    ("code", "bound"),
    [
        ("def f():\n  global n\n  n = 1", {"n"}),
        ("def f():\n  global n\n  n += 1", {"n"}),
        ("def f():\n  global n\n  del n", {"n"}),
        ("def g(n):\n  def f():\n    nonlocal n\n    n += 1\n  return f\nf = g(1)", {"n"}),
        ("def g(n):\n  def f():\n    nonlocal n\n    del n\n  return f\nf = g(1)", {"n"}),
        ("def f():\n  def g():\n    global n\n    n = 1\n  g()", {"n"}),
        ("def f():\n  def g(): return n\n  n = 1\n  return g", set()),  # its own
        ("def f():\n  n = 0\n  def g():\n    nonlocal n\n    n += 1\n  g()", set()),
        ("def f(): f.n += 1; a.b.c = 1", {"f.n", "a.c"}),
        ("def f(): return n.count(1), n.index(1), n[0]", set()),
        ("def f(n): n.append(1); n[0] = 1; n.a = 1", set()),  # what it is given is not outside
    ],
)
def test_names_outside_that_are_bound_are_found(code, bound):
    assert stored(code) == (bound, set())


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("def f(): log[0] = 1", {"log"}),
        ("def f(): log[0] += 1", {"log"}),
        ("def f(): del log[0]", {"log"}),
        ("def f(x): log[1:2] = x", {"log"}),
        ("def f(x): log[x, 1:x.b][g(x, k=[*x])] -= f'{x}{W}'", {"log"}),
        ("def f(): log['loss'].append(1)", {"log"}),
        ("def f(x): log[W[x]]['n'] += W[0]", {"log"}),
        ("def f(x): log[x if x else W[0]] = W", {"log"}),
        ("def f(x): (log if x else seen).append(W)", {"log", "seen"}),
        ("def f(x): (x or log).append(W)", {"log"}),
        ("def f(x): (log or seen).append(W)", {"log", "seen"}),
        ("def f(x): x and log.append(W); seen[0] = not W", {"log", "seen"}),
        ("def f(x): [log.append(w) for w in W]", {"log"}),
        ("def f(x):\n  for s in logs: s.append(W)", {"logs"}),
        ("def f(x):\n  s = log['a']; s[0] = W", {"log"}),
        ("def f(x):\n  s = t = log; s[0] = W", {"log"}),
        ("def f(x):\n  s, t = log, W; s[0] = t[0]", {"log"}),
        ("def f():\n  class C:\n    seen.append(1)", {"seen"}),
        ("def f():\n  own = []\n  def g(): own.append(1); log.append(2)\n  g()", {"log"}),
        ("def f(x):\n  with x: log[0] = W\n  try: x()\n  except E: seen[0] = W", {"log", "seen"}),
        ("def f(x):\n  while x:\n    if W: continue\n    log[0] = W\n  return W", {"log"}),
        ("def f(x):\n  w = torch.full_like(x, W[0]); w[x > 0] = W[1]; return w * W", set()),
        ("def f(x):\n  w = W[0] * x; w[0] = W; v = [W[1]]; v[0] = W; return v", set()),
        ("def f(x):\n  w = W.copy(); w[0] = 2; u = {'a': W}; u['a'] = W", set()),
        ("def f(x):\n  x[0] = W[0]; y = x; y[W[1]] = W; x.log.append(W)", set()),
        ("def g(log):\n  def f(): log[0] += W\n  return f\nf = g(1)", {"log"}),
    ],
)
def test_containers_outside_that_are_stored_into_are_found(code, changed):
    assert stored(code) == (set(), changed)


@pytest.mark.parametrize(
    ("code", "bound", "changed"),
    [
        ("def f(self): self.n += 1", {"self.n"}, set()),
        ("def f(self): del self.n", {"self.n"}, set()),
        ("def f(this): this.n = 1", {"self.n"}, set()),
        ("def f(self):\n  me = self; me.n = 1", {"self.n"}, set()),
        ("def f(self, x): self.a.b = 2; x.c = 2", set(), set()),
        ("def f(self): self.seen['n'] += 1", set(), {"self.seen"}),
        ("def f(self): self.seen.append(self.w[0])", set(), {"self.seen"}),
        ("def f(self, x): self.seen[x.y].append(x)", set(), {"self.seen"}),
        ("def f(self):\n  seen = self.seen; seen['a'] = self.w", set(), {"self.seen"}),
        ("def f(self):\n  g = lambda: self.seen.append(1)\n  g()", set(), {"self.seen"}),
        ("def f(self, y):\n  w = y * self.w[0]; w[y > 0] = self.w[1]", set(), set()),
    ],
)
def test_attributes_of_the_first_argument_count_in_a_method_alone(code, bound, changed):
    assert stored(code, method=True) == (bound, changed)
    assert stored(code) == (set(), set())


def test_names_are_looked_up_also_within():
    names = {}
    exec("def f(x):\n  def g(): return a.b + x\n  return [c(i) for i in x]", names)
    assert looked_up(names["f"].__code__) == {"a", "c"}
