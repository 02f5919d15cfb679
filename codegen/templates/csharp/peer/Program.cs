// {{ view.namespace }}
