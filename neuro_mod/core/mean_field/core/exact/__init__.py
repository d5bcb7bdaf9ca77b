"""The exact stationary response of a leaky integrate-and-fire neuron to an Ornstein-Uhlenbeck current.

``tau_m dV/dt = mu - V + tau_m x`` between reset and threshold, ``tau_s dx/dt = -x + noise`` with the variance
``sigma^2 / (2 tau_s tau_m)`` of x, which goes on while the neuron is refractory. In units of ``tau_m`` and of threshold
minus reset the response depends on mu and sigma, and on the ratios ``tau_s/tau_m`` and ``tau_ref/tau_m``. For one pair
of ratios, `solver` solves the first-passage problem at the points of a `table`, which `cache` keeps; `kernel`
interpolates in it. `dynamics` follows modulations of the input, one neuron at a time, with `cells`. No expansion in
``tau_s/tau_m`` is made.
"""
