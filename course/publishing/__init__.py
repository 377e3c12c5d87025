"""Links from a lab's page to the published repository: Colab, Binder, report a problem."""
