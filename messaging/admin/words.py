"""Sensitive words: every change goes through their service, so that all processes hear of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.admin.base import ServiceAdmin
from accounts.models import Application
from imsite.core.errors import ImError
from messaging.models import SensitiveWord
from messaging.services import words

WORDS_AT_ONCE = 10_000


class WordForm(forms.ModelForm):
    """One word."""

    class Meta:
        model = SensitiveWord
        fields: tuple[str, ...] = ("word", "action", "category")

    def clean_word(self) -> str:
        return checked(self.cleaned_data["word"].strip())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        others = SensitiveWord.objects.of(self.instance.application).exclude(pk=self.instance.pk)
        if "word" in cleaned and others.filter(word=cleaned["word"]).exists():
            self.add_error("word", _("This word is in the list already."))
        return cleaned


class NewWordsForm(forms.ModelForm):
    """Many words at once, with one action."""

    words = forms.CharField(
        label=_("Words"),
        widget=UnfoldAdminTextareaWidget,
        help_text=_("One a line, each at most 64 bytes in UTF-8. Words that are in the list already stay as they are."),
    )

    class Meta:
        model = SensitiveWord
        fields: tuple[str, ...] = ("application", "words", "action", "category")

    def clean_words(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["words"].splitlines()]
        found = [checked(line) for line in dict.fromkeys(lines) if line]
        if len(found) > WORDS_AT_ONCE:
            raise forms.ValidationError(_("At most %(most)d words at once."), params={"most": WORDS_AT_ONCE})
        return found


def checked(word: str) -> str:
    try:
        words.require_word(word)
    except ImError as refusal:
        raise forms.ValidationError(f"{Truncator(word).chars(30)}: {refusal}") from None
    return word


@admin.register(SensitiveWord)
class SensitiveWordAdmin(ServiceAdmin):
    list_display = ("word", "shown_action", "category", "hits", "application", "added_by", "created_at")
    list_filter = ("action", "category", "application")
    list_select_related = ("application", "added_by")
    search_fields = ("word", "=category")
    search_help_text = _("A part of a word, or a category")
    ordering = ("-id",)
    form = WordForm
    readonly_fields = ("application", "hits", "added_by", "created_at")
    autocomplete_fields = ("application",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": WordForm if obj else NewWordsForm, **kwargs})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*WordForm.Meta.fields, *self.readonly_fields) if obj else NewWordsForm.Meta.fields

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # Holding messages back for review is not among them: there is no queue yet to review them in.
        if db_field.name == "action":
            kwargs["choices"] = [(one.value, one.label) for one in words.ACTIONS]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    @display(
        description=_("action"),
        ordering="action",
        label={
            SensitiveWord.Action.BLOCK: "danger",
            SensitiveWord.Action.MASK: "warning",
            SensitiveWord.Action.FLAG: "info",
        },
    )
    def shown_action(self, entry: SensitiveWord) -> tuple[str, str]:
        return entry.action, entry.get_action_display()

    def save_model(self, request: HttpRequest, obj: SensitiveWord, form: Any, change: bool) -> None:
        given, by = form.cleaned_data, self.actor(request, obj.application)
        if change:
            stored = SensitiveWord.objects.select_related("application").get(pk=obj.pk)
            changes = {name: given[name] for name in WordForm.Meta.fields if name in form.changed_data}
            words.change_word(stored, **changes, by=by)
            return
        added = words.add_words(
            obj.application, given["words"], action=given["action"], category=given["category"], by=by
        )
        first = SensitiveWord.objects.of(obj.application).find(given["words"][0])  # the history names it
        obj.__dict__.update(first.__dict__, added=added)

    def response_add(
        self, request: HttpRequest, obj: SensitiveWord, post_url_continue: str | None = None
    ) -> HttpResponse:
        added: int = obj.added  # type: ignore[attr-defined]  # set by save_model
        text = ngettext("%(added)d word was added.", "%(added)d words were added.", added)
        self.message_user(request, text % {"added": added}, messages.SUCCESS)
        if "_addanother" in request.POST:
            return HttpResponseRedirect(request.path)
        return self.response_post_save_add(request, obj)

    def delete_model(self, request: HttpRequest, obj: SensitiveWord) -> None:
        words.remove_words(obj.application, [obj], by=self.actor(request, obj.application))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SensitiveWord]) -> None:
        for application in Application.objects.filter(words__in=queryset).distinct():
            chosen = list(queryset.filter(application=application))
            words.remove_words(application, chosen, by=self.actor(request, application))
