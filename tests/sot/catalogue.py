"""All forms."""

from __future__ import annotations

import forms
import forms_changes
import forms_errors
import forms_flow
import forms_modules
import forms_objects
import forms_uses

_FILES = (forms, forms_errors, forms_changes, forms_modules, forms_flow, forms_objects, forms_uses)

FORMS = [form for file in _FILES for form in file.FORMS]
NAMES = [form.name for form in FORMS]
assert len(set(NAMES)) == len(NAMES), "two forms have one name"
BY_NAME = dict(zip(NAMES, FORMS))
