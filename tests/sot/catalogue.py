"""All forms."""

from __future__ import annotations

import forms
import forms_changes
import forms_errors

FORMS = [*forms.FORMS, *forms_errors.FORMS, *forms_changes.FORMS]
NAMES = [form.name for form in FORMS]
assert len(set(NAMES)) == len(NAMES), "two forms have one name"
BY_NAME = dict(zip(NAMES, FORMS))
