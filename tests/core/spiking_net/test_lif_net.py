from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from neuro_mod.core.spiking_net.lif_net import LIFNet  # noqa: E402

nn = torch.nn
N = 4


def make(weights=None, **options):
    defaults = {"j_ext": 0.1, "tau_membrane": 20e-3, "tau_synaptic": 5e-3, "tau_refractory": 5e-3, "threshold": 1.0}
    return LIFNet(torch.zeros(N, N) if weights is None else weights, **(defaults | options))


def test_parameters_are_buffers_and_travel_with_the_module():
    net = make().double()
    assert dict(net.named_parameters()) == {}
    assert {"synaptic_weights", "j_ext", "tau_membrane", "threshold"} <= set(net.state_dict())
    assert all(buffer.dtype == torch.float64 for buffer in net.buffers())


@pytest.mark.parametrize("value", [2.0, [2.0] * N, torch.full((N,), 2.0), np.full(N, 2.0)])
def test_scalars_lists_and_tensors_are_the_same(value):
    assert make(threshold=value).threshold.tolist() == [2.0] * N


def test_python_numbers_keep_their_precision_in_float64():
    net = make(torch.zeros(N, N).double(), tau_membrane=20e-3, j_ext=[0.1] * N)
    assert net.tau_membrane[0].item() == 20e-3 and net.j_ext[0].item() == 0.1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_refractory_steps_are_counted_in_any_dtype(dtype):
    net = make(tau_refractory=0.3, delta_t=1e-3).to(dtype)
    zero = torch.zeros(N, dtype=dtype)
    spikes = net(zero, zero, torch.full((700, N), 1000.0, dtype=dtype)).spikes
    assert np.diff(np.flatnonzero(spikes[:, 0].float().numpy())).tolist()[0] >= 301
    assert spikes[:, 0].sum() == 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_histories_have_time_before_neurons_and_the_given_dtype(dtype):
    zero = torch.zeros(N, dtype=dtype)
    history = make().to(dtype)(zero, zero, torch.full((7, N), 100.0, dtype=dtype))
    assert all(quantity.shape == (7, N) and quantity.dtype == dtype for quantity in history)
    voltage, current, spikes = history
    assert voltage.max() > 0 and not current.any() and set(spikes.unique().tolist()) <= {0.0, 1.0}


def test_a_batch_is_its_items():
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(N, N, generator=generator).double()
    stimulus = 200 * torch.rand(3, 60, N, generator=generator).double()
    external = torch.poisson(torch.full((3, 60, N), 1.0), generator=generator).double()
    net, zero = make(weights), torch.zeros(3, N).double()
    batch = net(zero, zero, stimulus, external)
    assert batch.spikes.shape == (3, 60, N) and batch.spikes.any()
    for item in range(3):
        alone = net(zero[item], zero[item], stimulus[item], external[item])
        torch.testing.assert_close(alone.voltage, batch.voltage[item])
        assert torch.equal(alone.spikes, batch.spikes[item])


@pytest.mark.parametrize(("batch", "shapes"), [((5,), [(5, 5)]), ((), [(3, 5)]), ((2, 2), [(2, 2, 2)] * 2)])
def test_time_before_the_batch_is_refused_where_no_shape_tells(batch, shapes):
    """Of as many steps as batches, or for a state without a batch, either order fits."""
    generator = torch.Generator().manual_seed(1)
    net, zero = make(torch.randn(N, N, generator=generator)), torch.zeros(*batch, N)
    inputs = [300 * torch.rand(*shape, N, generator=generator) for shape in shapes]
    with pytest.raises(ValueError, match=r"batches: stimulus \(.*, \.\.\.\) found, .* say batch_first=True"):
        net(zero, zero, *inputs)
    found = net(zero, zero, *inputs, batch_first=True)
    index = (0,) * (len(shapes[0]) - 1)
    alone = net(torch.zeros(N), torch.zeros(N), *(each[index] for each in inputs))
    torch.testing.assert_close(found.voltage[index], alone.voltage)
    assert found.voltage.shape == inputs[0].shape


@pytest.mark.parametrize(
    ("batch", "shapes"), [((3,), [(3, 5)]), ((3,), [(5,)]), ((1,), [(1, 1)]), ((), [(5,)]), ((), [(5,), (3, 5)])]
)
def test_shapes_that_tell_the_order(batch, shapes):
    zero = torch.zeros(*batch, N)
    assert make()(zero, zero, *(torch.zeros(*shape, N) for shape in shapes)).voltage.shape[-2] == shapes[0][-1]


def test_mechanism_can_be_overridden():
    zero, stimulus = torch.zeros(N), torch.full((5, N), 10.0)
    exact, euler = (make()(zero, zero, stimulus, None, mechanism).voltage for mechanism in (None, "euler"))
    assert torch.allclose(exact, make(mechanism="analytic")(zero, zero, stimulus).voltage)
    assert torch.equal(euler, make(mechanism="euler")(zero, zero, stimulus).voltage)
    assert not torch.equal(exact, euler)


def test_several_external_sources():
    net = make(j_ext=torch.tensor([[1.0] * N, [-2.0] * N]), threshold=1e9)
    counts = torch.zeros(1, 2, N)
    counts[0, 0], counts[0, 1] = 3, 1
    history = net(torch.zeros(N), torch.zeros(N), None, counts)
    torch.testing.assert_close(history.current[0], torch.full((N,), (3 * 1.0 - 2.0) / 5e-3))


def test_global_default_dtype_stays_as_it_was():
    before = torch.get_default_dtype()
    net = make(np.zeros((N, N)))
    net(torch.zeros(N).double(), torch.zeros(N).double(), torch.zeros(2, N).double())
    assert torch.get_default_dtype() == before


@pytest.mark.parametrize("surrogate", ["fast_sigmoid", "arctan"])
def test_gradient_descent_trains_the_mean_rate_to_a_target(surrogate):
    generator = torch.Generator().manual_seed(1)
    n, n_steps, delta_t, target = 10, 200, 1e-3, 30.0
    weights = 0.005 * torch.randn(n, n, generator=generator)
    external = torch.poisson(torch.full((n_steps, n), 2.0), generator=generator)
    j_ext = nn.Parameter(torch.full((n,), 0.02))
    net = LIFNet(weights, j_ext, 20e-3, 5e-3, 2e-3, 1.0, delta_t=delta_t, surrogate=surrogate, surrogate_slope=5.0)
    assert [name for name, _ in net.named_parameters()] == ["j_ext"]
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    zero = torch.zeros(n)
    rates = []
    for _ in range(24):
        rate = net(zero, zero, None, external).spikes.mean() / delta_t
        rates.append(rate.item())
        optimiser.zero_grad()
        ((rate - target) / target).square().backward()
        optimiser.step()
    assert rates[0] < 5 and rates[-1] == pytest.approx(target, rel=0.2)


def test_without_a_surrogate_spikes_pass_no_gradient():
    net = make(j_ext=nn.Parameter(torch.full((N,), 50.0)))
    assert not net(torch.zeros(N), torch.zeros(N), None, torch.ones(20, N)).spikes.requires_grad


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: make(torch.zeros(3, 4)), "square"),
        (lambda: make(threshold=[1.0, 2.0]), r"threshold: shape \(2,\) found; expected a scalar or \(4,\)"),
        (lambda: make(mechanism="rk4"), "analytic, euler"),
        (lambda: make(surrogate="box"), "fast_sigmoid, arctan"),
        (lambda: make(delta_t=0.0), "delta_t"),
        (lambda: make(tau_membrane=-1.0), "tau_membrane: -1.0 found; expected above 0"),
        (lambda: make(tau_synaptic=0.0), "tau_synaptic: 0.0 found; expected above 0"),
        (lambda: make(threshold=-1.0), "threshold: -1.0 found; expected above the reset voltage"),
        (lambda: make()(torch.zeros(3), torch.zeros(N), None, torch.zeros(5, N)), r"voltage .*: shape \(3,\) found"),
        (
            lambda: make()(torch.zeros(N), torch.zeros(N).double(), None, torch.zeros(5, N)),
            "torch.float64.* and torch.float32",
        ),
        (
            lambda: make(j_ext=torch.ones(2, N))(torch.zeros(N), torch.zeros(N), None, torch.zeros(3, 5, N)),
            "external_currents: shape .* as j_ext has 2 sources",
        ),
        (lambda: make()(torch.zeros(N), torch.zeros(N), None), "both are None"),
        *(
            (
                lambda b=b: make()(torch.zeros(b, N), torch.zeros(b, N), torch.zeros(5, b, N)),
                r"stimulus \(5,\) found; expected one and the same; time comes after the batch",
            )
            for b in (1, 3)
        ),
        (lambda: make()(torch.zeros(N), torch.zeros(N), torch.zeros(5, 3)), r"n_steps, 4"),
        (
            lambda: make()(torch.zeros(N), torch.zeros(N), torch.zeros(5, N), torch.zeros(6, N)),
            r"\[5, 6\] steps found; expected one number",
        ),
    ],
)
def test_clear_errors(act, message):
    with pytest.raises(ValueError, match=message):
        act()
