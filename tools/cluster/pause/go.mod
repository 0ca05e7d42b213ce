module todo-dapr/tools/cluster/pause

go 1.26.6
