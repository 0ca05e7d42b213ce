"""The routes under /api/v1, without trailing slashes."""

from django.urls import path

from todos.api.views import accounts, bulk, docs, feed, files, labels, projects, sync, todos

urlpatterns = [
    path("todos", todos.TodoListView.as_view()),  # first, being asked most
    path("schema", docs.SchemaView.as_view()),
    path("docs", docs.DocsView.as_view()),
    path("docs/<str:name>", docs.DocsAssetView.as_view()),
    path("auth/session", accounts.SessionView.as_view()),
    path("auth/signup", accounts.SignUpView.as_view()),
    path("auth/login", accounts.LogInView.as_view()),
    path("auth/logout", accounts.LogOutView.as_view()),
    path("auth/password", accounts.PasswordView.as_view()),
    path("auth/account", accounts.AccountView.as_view()),
    path("auth/tokens", accounts.TokenListView.as_view()),
    path("auth/tokens/<uuid:token_id>", accounts.TokenView.as_view()),
    path("projects", projects.ProjectListView.as_view()),
    path("projects/<uuid:project_id>", projects.ProjectView.as_view()),
    path("labels", labels.LabelListView.as_view()),
    path("labels/<uuid:label_id>", labels.LabelView.as_view()),
    path("todos/bulk", bulk.BulkView.as_view()),
    path("todos/<uuid:todo_id>", todos.TodoView.as_view()),
    path("todos/<uuid:todo_id>/complete", todos.CompleteView.as_view()),
    path("todos/<uuid:todo_id>/reopen", todos.ReopenView.as_view()),
    path("todos/<uuid:todo_id>/move", todos.MoveView.as_view()),
    path("todos/<uuid:todo_id>/restore", todos.RestoreView.as_view()),
    path("trash", todos.TrashView.as_view()),
    path("trash/<uuid:todo_id>", todos.TrashedView.as_view()),
    path("changes", sync.ChangesView.as_view()),
    path("import", files.ImportView.as_view()),
    path("export", files.ExportView.as_view()),
    path("activity", feed.ActivityView.as_view()),
    path("notifications", feed.NotificationListView.as_view()),
    path("notifications/read-all", feed.NotificationReadAllView.as_view()),
    path("notifications/<uuid:notification_id>/read", feed.NotificationReadView.as_view(read=True)),
    path("notifications/<uuid:notification_id>/unread", feed.NotificationReadView.as_view(read=False)),
]
