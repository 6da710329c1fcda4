"""The Jupyter widget and what it is made of. Only here anywidget, ipywidgets and IPython are imported."""
