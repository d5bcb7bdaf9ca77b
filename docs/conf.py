"""The site: ``make docs`` builds it, and executes every page and every script of the gallery."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))  # the extensions
# cells call the commands of this environment, and compute as the tests do: two pages at a time
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", COLUMNS="80")
# kernels neither read the settings of whoever builds, nor warn of connections to this machine that are not encrypted
KERNELS = DOCS / "_build" / "ipython" / "profile_default"
KERNELS.mkdir(parents=True, exist_ok=True)
KERNELS.joinpath("ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 'ERROR'\n", encoding="utf-8")
os.environ["IPYTHONDIR"] = str(KERNELS.parent)

from extensions import package_hash  # noqa: E402

from neuro_mod import __version__  # noqa: E402

project = "neuro_mod"
author = "the neuro_mod authors"
copyright = f"{author}; MIT license"  # noqa: A001
version = release = __version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
    "sphinx_design",
    "sphinx_copybutton",
    "extensions.mathml",
    "extensions.cells",
    "extensions.alternatives",
    "extensions.figures",
    "extensions.package_hash",
    "extensions.api",
    "extensions.anchors",
    "extensions.commands",
    "extensions.configuration",
]
# DOCS_ONLY=how_to/sweeps builds one page, or the pages of one folder, while writing it
only = os.environ.get("DOCS_ONLY")
include_patterns = ["index.md", f"{only}*", f"{only}/**"] if only else ["**"]
exclude_patterns = ["_build", *(f"gallery/**/*.{ending}" for ending in ("ipynb", "py", "json", "md5", "zip"))]

# pages
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist", "attrs_inline"]
myst_heading_anchors = 3
smartquotes_action = "D"  # dashes; what is typed in a shell keeps its quotes
nb_execution_mode = "cache"
nb_execution_cache_path = str(DOCS / "_build" / "executed" / package_hash.made_from())
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True

# the gallery
sections = [
    "spiking_network",
    "perturbations",
    "states",
    "events_and_groups",
    "sweeps",
    "mean_field",
    "control",
    "paper",
]
sphinx_gallery_conf = {
    "examples_dirs": [str(DOCS.parent / "examples" / "gallery")],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"\.py$",
    "image_scrapers": ("extensions.figures.pictures_of_script",),
    "capture_repr": (),
    "subsection_order": [f"../examples/gallery/{section}" for section in sections],
    "within_subsection_order": "extensions.figures.FirstThenByName",
    "notebook_extensions": set(),
    "plot_gallery": not only or only.startswith("gallery"),
    "parallel": True,
    "write_computation_times": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "download_all_examples": False,
    "remove_config_comments": True,
    "reset_modules": ("extensions.figures.in_empty_folder",),
}

# the reference
autosummary_generate = True
autodoc_typehints = "none"  # docstrings say shapes and units instead
autodoc_member_order = "bysource"
autosummary_ignore_module_all = False
python_maximum_signature_line_length = 88
napoleon_custom_sections = [("Attributes", "params_style")]
napoleon_attr_annotations = False
napoleon_use_rtype = False
add_module_names = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
toc_object_entries_show_parents = "hide"
default_role = "py:obj"  # docstrings quote names in single backticks, which lead to them where they have a page

# what it looks like
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_context = {"default_mode": "auto"}
html_title = "neuro_mod"
html_favicon = _LOGO = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "neuro_mod", "alt_text": "Home", "image_light": _LOGO, "image_dark": _LOGO},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_prev_next": True,
    "secondary_sidebar_items": {"[!g]**": ["page-toc"]},
    "footer_start": ["copyright"],
    "footer_end": ["of_version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
